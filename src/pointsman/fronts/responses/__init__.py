"""OpenAI's Responses API in front: ``POST /v1/responses`` and its events, before providers that have chat completions.

Source: OpenAI's API reference of November 2026. Requests are read in ``read``, what was said so far in
``conversation``; whole answers are told in ``answer``, streams in ``stream``. Nothing is kept: what an earlier response
said is sent again by the caller, or belongs to the provider that keeps it.
"""

from __future__ import annotations

from pointsman.fronts.responses.answer import whole
from pointsman.fronts.responses.read import read
from pointsman.fronts.responses.stream import Events
from pointsman.fronts.shapes import Front

RESPONSES = Front(
    protocol="responses",
    read=read,
    whole=whole,
    teller=Events,
    error=lambda _status, body, _request_id: body,
    kind=b"text/event-stream; charset=utf-8",
    beat=b": keep-alive\n\n",
)
