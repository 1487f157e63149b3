"""InvokeModel for the makers of embeddings: Titan takes one text, Cohere's Embed many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.bedrock.read import invalid
from pointsman.mock.message import Reply, header_lines, json_reply
from pointsman.mock.vectors import embed
from pointsman.mock.words import estimate

if TYPE_CHECKING:
    from pointsman.mock.message import Request

SIZES = (256, 512, 1024)
MOST_TEXTS = 96
INPUTS = ("search_document", "search_query", "classification", "clustering")


def invoke_reply(request: Request, size: int) -> Reply:
    """Raises Refused for a model that makes no embeddings, and for what its maker would refuse."""
    if "titan-embed" in request.named:
        return _titan(request.fields, size)
    if "cohere.embed" in request.named:
        return _cohere(request.fields, size, sorted_by_type="v4" in request.named)
    raise invalid("Malformed input request, please reformat your input and try again.")


def _titan(fields: dict[str, Any], size: int) -> Reply:
    text = fields.get("inputText")
    if not isinstance(text, str) or not text or fields.keys() - {"inputText", "dimensions", "normalize"}:
        raise invalid("Malformed input request: #: required key [inputText] not found")
    dimensions = fields.get("dimensions")
    if dimensions is not None and dimensions not in SIZES:
        raise invalid(f"Malformed input request: #/dimensions: {dimensions} is not a valid enum value")
    tokens = max(1, estimate(text))
    body = {"embedding": embed(text, size, dimensions), "inputTextTokenCount": tokens}
    return json_reply(body, headers=_counted(tokens), slow=True)


def _cohere(fields: dict[str, Any], size: int, *, sorted_by_type: bool) -> Reply:
    texts = fields.get("texts")
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST_TEXTS or not all(isinstance(t, str) for t in texts):
        raise invalid("Malformed input request: #/texts: expected 1 to 96 texts")
    if fields.get("input_type") not in INPUTS:
        raise invalid("Malformed input request: #: required key [input_type] not found")
    vectors = [embed(text, size, fields.get("output_dimension")) for text in texts]
    body = {"embeddings": {"float": vectors} if sorted_by_type else vectors, "texts": texts}
    return json_reply(body, headers=_counted(sum(max(1, estimate(text)) for text in texts)), slow=True)


def _counted(tokens: int) -> bytes:
    return header_lines({"x-amzn-bedrock-input-token-count": str(tokens)})
