"""The list of public names as Anthropic tells it to its clients: in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.errors import InvalidBody

USUAL, MOST = 20, 1000
"""Models of a page, and how many may be asked for."""

UNKNOWN = "1970-01-01T00:00:00Z"
"""When a name was made, which nobody knows."""


def is_anthropic(headers: Mapping[str, str]) -> bool:
    """Does the caller say that it speaks Anthropic's protocol?"""
    return "anthropic-version" in headers


def card(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": UNKNOWN}


def page(names: Sequence[str], asked: Mapping[str, str]) -> dict[str, Any]:
    """``limit`` of them behind ``after_id`` or before ``before_id``. Raises InvalidBody."""
    limit = asked.get("limit", str(USUAL))
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        raise InvalidBody(f"limit must be from 1 to {MOST}", param="limit")
    size, after, before = int(limit), asked.get("after_id"), asked.get("before_id")
    left = list(names)
    if after in left:
        left = left[left.index(after) + 1 :]
    if before in left:
        left = left[: left.index(before)][-size:]
    shown = left[:size]
    ends = {"first_id": shown[0] if shown else None, "last_id": shown[-1] if shown else None}
    return {"data": [card(name) for name in shown], "has_more": len(left) > size, **ends}
