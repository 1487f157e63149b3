"""What of a prompt is said: its sentences, without code that stands between fences, of a long one those at its ends."""

from __future__ import annotations

import re

import re2

MOST = 4000
"""Characters that are looked at, from both ends."""

FIRST, LAST = 10, 6
"""Sentences of a long text, from either end: what is asked stands there."""

FENCED = re2.compile(r"(?s)```.*?(?:```|\z)")
_BREAKS = re.compile(r"[.!?;:](?=\s|$)|[\n\r]|\s-{1,2}\s")


def sentences(plain: str) -> list[str]:
    """Of a folded text, in their order."""
    spoken = FENCED.sub("\n", plain) if "```" in plain else plain
    found = [piece for piece in _BREAKS.split(spoken) if piece and not piece.isspace()]
    return found if len(found) <= FIRST + LAST else [*found[:FIRST], *found[-LAST:]]
