"""/v1/embeddings in OpenAI's shape: one text, a list of texts, token ids, floats or base64."""

from __future__ import annotations

from typing import Any

from pointsman.mock.message import Refused, Reply, json_reply
from pointsman.mock.vectors import base64_floats, embed
from pointsman.mock.words import estimate

MOST_INPUTS = 2048


def read_input(value: Any) -> list[str]:
    """The texts to embed; token ids are read as the text of their numbers. Raises Refused."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not value:
        raise Refused(
            400,
            "'input' is a string or a list of strings or of token ids.",
            param="input",
            code="invalid_type",
        )
    if all(isinstance(item, int) for item in value):
        return [" ".join(map(str, value))]
    if len(value) > MOST_INPUTS:
        raise Refused(400, f"'input' has more than {MOST_INPUTS} elements.", param="input", code="array_above_max")
    texts = []
    for item in value:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, list) and all(isinstance(token, int) for token in item):
            texts.append(" ".join(map(str, item)))
        else:
            raise Refused(400, "'input' holds something that is no text.", param="input", code="invalid_type")
    return texts


def read_dimensions(value: Any, size: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= size:
        raise Refused(
            400, f"'dimensions' is a whole number from 1 to {size}.", param="dimensions", code="invalid_value"
        )
    return value


def embedding_reply(
    fields: dict[str, Any], size: int, common: dict[str, Any], details: dict[str, Any], headers: bytes = b""
) -> Reply:
    """``common`` are fields of the answer besides OpenAI's, ``details`` those of its usage."""
    texts = read_input(fields.get("input"))
    dimensions = read_dimensions(fields.get("dimensions"), size)
    form = fields.get("encoding_format", "float")
    if form not in ("float", "base64"):
        raise Refused(400, "'encoding_format' is float or base64.", param="encoding_format", code="invalid_value")
    vectors = [embed(text, size, dimensions) for text in texts]
    tokens = sum(max(1, estimate(text)) for text in texts)
    body = {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64_floats(vector) if form == "base64" else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": fields.get("model"),
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens, **details},
        **common,
    }
    return json_reply(body, headers=headers, slow=True)
