"""Long tables of words, written as text: easier to read and to sort than a column of quotes."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
