"""Sets of characters: sorted ranges of code points that neither touch nor overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Characters = tuple[tuple[int, int], ...]

LAST = 0x10FFFF

EVERY: Characters = ((0, LAST),)


def characters(*ranges: tuple[int, int]) -> Characters:
    """The set of these ranges, both ends included."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def of(text: str) -> Characters:
    """The characters of a text."""
    return characters(*((ord(c), ord(c)) for c in text))


def union(sets: Iterable[Characters]) -> Characters:
    return characters(*(part for each in sets for part in each))


def others(given: Characters) -> Characters:
    """All that are not in the set."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in given:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    return (*gaps, (start, LAST)) if start <= LAST else tuple(gaps)


def either_case(given: Characters) -> Characters:
    """With the other case of every ASCII letter."""
    swapped = []
    for base, other in ((ord("a"), ord("A")), (ord("A"), ord("a"))):
        for low, high in given:
            first, last = max(low, base), min(high, base + 25)
            if first <= last:
                swapped.append((first - base + other, last - base + other))
    return characters(*given, *swapped)


def count(given: Characters) -> int:
    return sum(high - low + 1 for low, high in given)


def each(given: Characters) -> Iterator[str]:
    """One character after the other."""
    return (chr(point) for low, high in given for point in range(low, high + 1))


def holds(given: Characters, point: int) -> bool:
    return any(low <= point <= high for low, high in given)
