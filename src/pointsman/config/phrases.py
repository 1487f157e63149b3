"""Words and phrases as regular expressions for RE2: matched as whole words, without case.

A pattern that is only words is such a phrase too, so that ``add`` is not found in ``address``.
"""

from __future__ import annotations

import re

import re2

BLANK = r"[\s\v\pZ\x1c-\x1f\x{85}]+"
"""What Python takes for space between words; RE2's own knows ASCII alone."""

_WORDS = re.compile(r"[\w'\u2019 -]*\w[\w'\u2019 -]*")


def is_phrase(pattern: str) -> bool:
    """True if nothing in it means anything else in a regular expression."""
    return _WORDS.fullmatch(pattern) is not None


def phrase(text: str) -> str:
    """A pattern that finds the words of ``text`` next to each other, whatever stands between them is blank."""
    words = text.split()
    inside = BLANK.join(re2.escape(word) for word in words)
    return f"(?i){_edge(words[0][0], 'A')}{inside}{_edge(words[-1][-1], 'z')}"


def _edge(character: str, end: str) -> str:
    r"""What must stand beside a word that begins or ends so. RE2's ``\b`` knows ASCII alone.

    Writing that has no upper case (Chinese, Thai, Arabic …) writes words without anything between them.
    """
    if character.isascii():
        return r"\b" if character.isalnum() or character == "_" else ""
    return rf"(?:\{end}|[^\pL\pN_])" if character.lower() != character.upper() else ""
