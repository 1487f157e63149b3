"""Reranking without a model: a document scores by the words that it shares with the query. vLLM's and llama.cpp's
shapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pointsman.mock.asked import fields_of, model_of, whole
from pointsman.mock.message import Answer, Refused, Request, json_reply
from pointsman.mock.openai_paths import Rules, seed_of
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from pointsman.mock.kind import Scene

_WORD = re.compile(r"\w+")
LOGITS = 10.0
"""llama.cpp tells a model's own figures, not shares: they go from half of this below zero to as much above."""

Ranked = list[tuple[int, float]]


def likeness(query: str, document: str) -> float:
    """From 0, no word in common, to 1, the same words."""
    asked, told = set(_WORD.findall(query.lower())), set(_WORD.findall(document.lower()))
    return len(asked & told) / len(asked | told) if asked | told else 0.0


class Reranking:
    """The paths of one server. Those that score alike stand in the order that they came in."""

    def __init__(self, scene: Scene, rules: Rules) -> None:
        self._scene = scene
        self._rules = rules

    def vllm(self, request: Request) -> Answer:
        fields = fields_of(request)
        self._rules.model(model_of(fields))
        query, documents = fields.get("query"), fields.get("documents")
        if not isinstance(query, str):
            raise Refused(400, "1 validation error: {'type': 'missing', 'loc': ('body', 'query')}", param="query")
        texts = [_text(document) for document in documents] if isinstance(documents, list) else []
        if not texts or None in texts:
            raise Refused(400, "1 validation error: {'loc': ('body', 'documents')}", param="documents")
        told = [text or "" for text in texts]
        results = [
            {"index": index, "document": {"text": told[index], "multi_modal": None}, "relevance_score": score}
            for index, score in self._ranked(fields, query, told)
        ]
        return json_reply(
            {
                "id": f"rerank-{seed_of(self._scene, request)}",
                "model": self._model(fields),
                "usage": _usage(query, told),
                "results": results,
            },
            slow=True,
        )

    def llama_cpp(self, request: Request) -> Answer:
        """``texts`` instead of ``documents`` are asked for as by TEI, and answered so."""
        fields = fields_of(request)
        self._rules.model(model_of(fields))
        query = fields.get("query")
        if not isinstance(query, str):
            raise Refused(400, '"query" must be provided and must be a string')
        tei = "texts" in fields
        texts = fields.get("texts" if tei else "documents")
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise Refused(400, '"documents" must be a non-empty string array')
        ranked = [(index, LOGITS * (score - 0.5)) for index, score in self._ranked(fields, query, texts)]
        if tei:
            with_text = fields.get("return_text") is True
            return json_reply(
                [{"index": n, "score": score, **({"text": texts[n]} if with_text else {})} for n, score in ranked],
                slow=True,
            )
        return json_reply(
            {
                "model": self._model(fields),
                "object": "list",
                "usage": _usage(query, texts),
                "results": [{"index": index, "relevance_score": score} for index, score in ranked],
            },
            slow=True,
        )

    def _ranked(self, fields: dict[str, Any], query: str, texts: list[str]) -> Ranked:
        """Index and likeness, the best first, ``top_n`` of them if that is said."""
        ranked = sorted(enumerate(likeness(query, text) for text in texts), key=lambda one: -one[1])
        most = whole(fields.get("top_n")) or 0
        return ranked[:most] if most > 0 else ranked

    def _model(self, fields: dict[str, Any]) -> str:
        return model_of(fields) or next(iter(self._scene.options.listed()), "")


def _text(document: Any) -> str | None:
    if isinstance(document, dict):
        document = document.get("text")
    return document if isinstance(document, str) else None


def _usage(query: str, texts: list[str]) -> dict[str, int]:
    tokens = sum(estimate(query) + estimate(text) for text in texts)
    return {"prompt_tokens": tokens, "total_tokens": tokens}
