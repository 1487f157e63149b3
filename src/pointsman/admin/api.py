"""What the page asks beside the gateway's own endpoints: JSON in OpenAI's list shape, behind the key. Reads only."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from pointsman.errors import RequestRefused
from pointsman.runtime import Runtime

USUAL, MOST = 50, 500
"""Decisions listed unless ``limit`` says otherwise, and at most."""

_encode = msgspec.json.Encoder().encode


class Api:
    """One method a path; each admits first."""

    def __init__(self, runtime: Runtime, admit: Callable[[HttpRequest], None]) -> None:
        self._runtime = runtime
        self._admit = admit

    async def decisions(self, http: HttpRequest) -> Response:
        """``GET /v1/decisions?limit=50``: the last finished requests in short, newest first."""
        self._admit(http)
        newest = self._runtime.records.latest(read_limit(http.query_params.get("limit")))
        # who asks what is nobody else's to keep
        headers = {"cache-control": "no-store"}
        return Response(_encode({"object": "list", "data": newest}), headers=headers, media_type="application/json")


def read_limit(text: str | None) -> int:
    """A whole number from 1 to MOST, in plain digits. Raises RequestRefused otherwise."""
    if text is None:
        return USUAL
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MOST))
    if not plain or not 1 <= int(text) <= MOST:
        raise RequestRefused(f"limit must be a whole number from 1 to {MOST}", param="limit")
    return int(text)
