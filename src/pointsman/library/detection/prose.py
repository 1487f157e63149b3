"""What of a prompt is said and what is pasted: prose without code, and its sentences."""

from __future__ import annotations

import re

import re2

MOST = 4000
"""Characters that are looked at, from both ends."""

FIRST, LAST = 10, 6
"""Sentences of a long text, from either end: what is asked stands there."""

_FENCED = re2.compile(r"(?s)```.*?(?:```|\z)")
_CODE = re2.compile(
    r"(?m)^(?:.*[{};]|[ \t]{2,}\S.*|[+-](?:[ \t]{2,}|\S).*|@@.*|.*(?: = |=>|:=|==|->).*|[ \t]*[\w.]+\(.*\)[:;]?"
    r"|(?:def|class|func|fn|public|private|const|let|var|import|from|#include|select)\b.*[(){};:=*\"'].*)$"
)
_WORDS = re2.compile(r"\pL{2,}\s+\pL{2,}")
_BREAKS = re.compile(r"[.!?;:](?=\s|$)|[\n\r]|\s-{1,2}\s")


def spoken(plain: str) -> str:
    """A folded text without its lines of code; the text itself, if nothing else is in it."""
    if "\n" not in plain:
        return plain
    said: str = _CODE.sub("", _FENCED.sub("", plain) if "```" in plain else plain)
    return said if _WORDS.search(said) is not None else plain


def sentences(plain: str) -> list[str]:
    """Of a folded text, in their order; of a long one those at its ends."""
    said = _FENCED.sub("\n", plain) if "```" in plain else plain
    found = [piece for piece in _BREAKS.split(said) if piece and not piece.isspace()]
    return found if len(found) <= FIRST + LAST else [*found[:FIRST], *found[-LAST:]]
