"""/v1/moderations without a model: a category is given by its words."""

from __future__ import annotations

import re
from typing import Any

from pointsman.mock.message import Refused, Reply, json_reply

WORDS: dict[str, frozenset[str]] = {
    "harassment": frozenset(("insult", "bully")),
    "harassment/threatening": frozenset(("threaten",)),
    "hate": frozenset(("hate",)),
    "hate/threatening": frozenset(),
    "illicit": frozenset(("steal", "smuggle")),
    "illicit/violent": frozenset(("bomb",)),
    "self-harm": frozenset(("suicide",)),
    "self-harm/intent": frozenset(),
    "self-harm/instructions": frozenset(),
    "sexual": frozenset(("sex",)),
    "sexual/minors": frozenset(),
    "violence": frozenset(("kill", "bomb", "attack")),
    "violence/graphic": frozenset(),
}
"""OpenAI's categories, and what is said to be of each."""

SURE, UNLIKELY = 0.98, 0.01

_WORD = re.compile(r"\w+")


def moderation_reply(fields: dict[str, Any], model: str, seed: str, headers: bytes) -> Reply:
    results = [_result(parts) for parts in _inputs(fields.get("input"))]
    return json_reply({"id": f"modr-{seed}", "model": model, "results": results}, headers=headers, slow=True)


def _inputs(value: Any) -> list[list[dict[str, Any]]]:
    """The parts of each input: texts are one each, parts of messages are one together."""
    if isinstance(value, str):
        return [[_part(value)]]
    if not isinstance(value, list) or not value:
        raise Refused(400, "'input' is a string or a list.", param="input", code="invalid_type")
    if all(isinstance(item, dict) for item in value):
        return [value]
    if all(isinstance(item, str) for item in value):
        return [[_part(item)] for item in value]
    raise Refused(400, "'input' holds something that is no text.", param="input", code="invalid_type")


def _part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _result(parts: list[dict[str, Any]]) -> dict[str, Any]:
    said = set(_WORD.findall(" ".join(str(part.get("text", "")) for part in parts).lower()))
    found = {name: not said.isdisjoint(words) for name, words in WORDS.items()}
    kinds = ["image" if part.get("type") == "image_url" else "text" for part in parts]
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {name: SURE if hit else UNLIKELY for name, hit in found.items()},
        "category_applied_input_types": {name: sorted(set(kinds)) for name in found},
    }
