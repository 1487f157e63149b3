"""The question most tests ask."""

from __future__ import annotations

import msgspec

from support.serving import post

CHAT = "/v1/chat/completions"


def ask(stream: bool = False, **more: object) -> bytes:
    """A whole request for the group ``m``."""
    body = {"model": "m", "stream": stream, "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}], **more}
    return post(CHAT, msgspec.json.encode(body))
