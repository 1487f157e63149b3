"""The one mapping from errors to responses: OpenAI's shape, ``Retry-After`` where waiting helps."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from pointsman.errors import MethodNotAllowed, PointsmanError, UpstreamFailed

_encode = msgspec.json.Encoder().encode


def error_content(error: PointsmanError) -> dict[str, object]:
    """``{"error": {"message", "type", "param", "code"}}``."""
    shown = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return {"error": shown}


def error_response(error: PointsmanError, **more: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body. ``more`` stands beside ``error`` in the body."""
    headers = {}
    if error.retry_after is not None or error.status in (429, 503):
        headers["retry-after"] = str(max(1, math.ceil(min(error.retry_after or 1.0, 3600.0))))
    if isinstance(error, UpstreamFailed) and error.final:
        headers["x-should-retry"] = "false"
    if isinstance(error, MethodNotAllowed) and error.allow:
        headers["allow"] = error.allow
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return error.status, headers, _encode({**error_content(error), **more})


def head_lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
