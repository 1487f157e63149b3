"""Embeddings as OpenAI answers them, from vectors that came in another shape."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Understood
from pointsman.model.outcome import Usage
from pointsman.model.request import Request
from pointsman.providers.values import packed

_encode = msgspec.json.Encoder().encode


def embedded(request: Request, model: str, vectors: list[list[float]], tokens: int) -> Understood:
    """One embedding a vector, as numbers or packed, whichever was asked for. ``tokens`` are the input's."""
    raw = request.body.get("encoding_format")
    in_base64 = raw is not None and bytes(raw) == b'"base64"'
    data: list[dict[str, Any]] = [
        {"object": "embedding", "index": index, "embedding": packed(vector) if in_base64 else vector}
        for index, vector in enumerate(vectors)
    ]
    shown = {"prompt_tokens": tokens, "total_tokens": tokens}
    body = {"object": "list", "data": data, "model": model, "usage": shown}
    return Understood(_encode(body), Usage(tokens, 0, tokens))
