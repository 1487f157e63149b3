"""Anthropic's Messages API in front: ``POST /v1/messages`` and its named events.

Source: Anthropic's API reference, version 2023-06-01. Requests are read in ``read``, their conversations in
``conversation``; whole answers are told in ``answer``, streams in ``stream``, errors in ``errors``.
"""

from __future__ import annotations

import msgspec

from pointsman.fronts.anthropic.answer import whole
from pointsman.fronts.anthropic.errors import error, headers
from pointsman.fronts.anthropic.read import read, read_count
from pointsman.fronts.anthropic.stream import BEAT, Events
from pointsman.fronts.shapes import Front

MESSAGES = Front(
    protocol="anthropic",
    read=read,
    whole=whole,
    teller=Events,
    error=error,
    kind=b"text/event-stream; charset=utf-8",
    beat=BEAT,
    headers=headers,
)

TOKENS = msgspec.structs.replace(MESSAGES, read=read_count, whole=lambda _, body: body)
"""``POST /v1/messages/count_tokens``: counted by Anthropic's servers, guessed for others."""
