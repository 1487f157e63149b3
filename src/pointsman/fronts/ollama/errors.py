"""OpenAI-shaped errors as Ollama's: one sentence."""

from __future__ import annotations

from typing import Any

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Error(msgspec.Struct, gc=False):
    message: Any = None


class _Body(msgspec.Struct, gc=False):
    error: _Error


_decode = msgspec.json.Decoder(_Body).decode
_encode = msgspec.json.Encoder().encode


def error(_status: int, body: bytes, _request_id: str) -> bytes:
    """``{"error": "what is wrong"}``."""
    try:
        message = _decode(body).error.message
    except UNREADABLE:
        message = None
    return _encode({"error": message if isinstance(message, str) else "the request failed"})


def broken(body: bytes) -> bytes:
    """The line that ends a stream before its time."""
    return error(0, body, "") + b"\n"
