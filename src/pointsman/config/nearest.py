"""What a mistyped word was probably meant to be. Pure arithmetic on words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

MAX_WORD = 64
"""Longer words are not compared; the work per pair grows with the product of the lengths."""

MAX_OPTIONS = 1_000
"""Words compared at most, the first ones."""


def near(word: str, options: Iterable[str]) -> str | None:
    """The option nearest to ``word``, with a third of its letters wrong at most; None if none is near."""
    return _near(word, tuple(options)[:MAX_OPTIONS]) if len(word) <= MAX_WORD else None


@lru_cache(maxsize=512)
def _near(word: str, options: tuple[str, ...]) -> str | None:
    folded, letters = _fold(word)
    most = max(1, len(folded) // 3)
    best: tuple[int, str] | None = None
    for option in options:
        other, others = _fold(option)
        if abs(len(other) - len(folded)) > most or len(letters ^ others) > 2 * most:
            continue  # each slip changes the length by one and the set of letters by two at most
        wrong = distance(folded, other, most)
        if wrong <= most and wrong < len(other) and (best is None or wrong < best[0]):
            best = (wrong, option)
    return best[1] if best else None


@lru_cache(maxsize=4096)
def _fold(word: str) -> tuple[str, frozenset[str]]:
    folded = word.casefold().replace("-", "_")
    return folded, frozenset(folded)


def distance(one: str, other: str, most: int | None = None) -> int:
    """Letters to insert, drop, change or swap with their neighbour to get from one word to the other.

    What is further than ``most`` is some number above it: then the work grows with the length alone.
    """
    width = max(len(one), len(other)) if most is None else most
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i] + [width + 1] * len(other)
        for j in range(max(1, i - width), min(len(other), i + width) + 1):
            b = other[j - 1]
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) > width:
            return width + 1
        before, last = last, row
    return last[-1]
