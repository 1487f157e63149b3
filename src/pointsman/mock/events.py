"""Server-sent events that are named by the type of what they tell, as Anthropic's and OpenAI's newer ones are."""

from __future__ import annotations

from typing import Any

from pointsman.mock.message import encode


def event(value: dict[str, Any]) -> bytes:
    """One event, named by its type."""
    return b"event: %b\ndata: %b\n\n" % (value["type"].encode(), encode(value))
