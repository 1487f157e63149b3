"""Embeddings, which Converse does not make: the models are invoked, each maker's in its own shape.

Amazon's Titan takes one text, Cohere's Embed many. Sources: "Model parameters" of Amazon Bedrock's user guide.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Understood
from pointsman.model.request import Request
from pointsman.providers.lacking import SERVICE, usual
from pointsman.providers.shapes import Inexpressible
from pointsman.providers.values import count
from pointsman.providers.vectors import embedded

TITAN, COHERE = "titan-embed", "cohere.embed"

TAKEN = {
    TITAN: frozenset({"dimensions", "normalize"}),
    COHERE: frozenset({"input_type", "truncate", "dimensions"}),
}
"""Fields that are passed on, by maker; ``dimensions`` in its own word."""

EMBEDDED = frozenset().union(*TAKEN.values())
"""All of them."""

FREE = SERVICE | {"model", "input"}
"""Fields that are no wish to the model."""

DOCUMENT = "search_document"
"""What Cohere's models take a text for if nobody says."""

COUNTED = b"x-amzn-bedrock-input-token-count"
MOST_DIGITS = 18


class Embedding(msgspec.Struct, gc=False):
    """Titan's reply, or Cohere's, whose later models sort vectors by their type."""

    embedding: list[float] | None = None
    embeddings: list[list[float]] | dict[str, list[list[float]]] | None = None
    tokens: Any = msgspec.field(default=None, name="inputTextTokenCount")


_decode = msgspec.json.Decoder(Embedding).decode


def write_embeddings(asked: dict[str, Any], model: str) -> dict[str, Any]:
    """Raises Inexpressible for a model whose shape is not known, and for what its maker has no words for."""
    maker = TITAN if TITAN in model else COHERE if COHERE in model else None
    if maker is None:
        raise Inexpressible("input", f"this provider makes embeddings with {TITAN} and {COHERE} models alone")
    for field, value in asked.items():
        if field not in FREE | TAKEN[maker] and not usual(field, value):
            raise Inexpressible(field, "this provider has no word for it")
    given = asked.get("input")
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Inexpressible("input", "this provider takes a text or a list of texts")
    return _titan(texts, asked) if maker == TITAN else _cohere(texts, asked)


def _titan(texts: list[Any], asked: dict[str, Any]) -> dict[str, Any]:
    if len(texts) > 1:
        raise Inexpressible("input", "this model takes one text at a time")
    return {"inputText": texts[0], **{name: asked[name] for name in TAKEN[TITAN] if name in asked}}


def _cohere(texts: list[Any], asked: dict[str, Any]) -> dict[str, Any]:
    out = {"texts": texts, "input_type": asked.get("input_type", DOCUMENT)}
    if "truncate" in asked:
        out["truncate"] = asked["truncate"]
    if "dimensions" in asked:
        out["output_dimension"] = asked["dimensions"]
    return out


def read_embeddings(request: Request, model: str, answered: Answered) -> Understood:
    """Raises msgspec.DecodeError if there is no vector."""
    found = _decode(answered.body)
    vectors = found.embeddings
    if isinstance(vectors, dict):
        vectors = vectors.get("float")
    if vectors is None and found.embedding is not None:
        vectors = [found.embedding]
    if not vectors:
        raise msgspec.ValidationError("no vector")
    told = (answered.header(COUNTED) or b"")[:MOST_DIGITS]
    tokens = count(found.tokens) or (count(int(told)) if told.isdigit() else 0)
    return embedded(request, model, vectors, tokens)
