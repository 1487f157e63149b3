"""OpenAI-shaped errors as Anthropic's: a type by the status, the sentence as it is."""

from __future__ import annotations

from typing import Any

import msgspec

TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Of the statuses that have one of their own."""

SAME = frozenset({*TYPES.values(), "invalid_request_error", "api_error"})
"""Types of errors that are called the same by both, or that only Anthropic's servers say."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encode = msgspec.json.Encoder().encode


class _Error(msgspec.Struct, gc=False):
    message: Any = None
    type: Any = None


class _Body(msgspec.Struct, gc=False):
    error: _Error


_decode = msgspec.json.Decoder(_Body).decode


def error(status: int, body: bytes, request_id: str) -> bytes:
    """``{"type": "error", "error": {"type", "message"}, "request_id"}``."""
    usual = "api_error" if status >= 500 else "invalid_request_error"
    return _told(TYPES.get(status, usual), body, {"request_id": f"req_{request_id}"})


def broken(body: bytes) -> bytes:
    """The event that ends a stream before its time."""
    said = _said(body).type
    return b"event: error\ndata: %b\n\n" % _told(said if said in SAME else "api_error", body, {})


def headers(request_id: str) -> bytes:
    """The line by which Anthropic's clients know a request."""
    return f"request-id: req_{request_id}\r\n".encode("latin-1")


def _told(kind: str, body: bytes, more: dict[str, str]) -> bytes:
    message = _said(body).message
    text = message if isinstance(message, str) else "the request failed"
    return _encode({"type": "error", "error": {"type": kind, "message": text}, **more})


def _said(body: bytes) -> _Error:
    try:
        return _decode(body).error
    except UNREADABLE:
        return _Error()
