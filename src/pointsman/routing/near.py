"""Names that an unknown one may have been meant for. Arithmetic on words, bounded however many names there are."""

from __future__ import annotations

from functools import lru_cache
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple

from pointsman.config.nearest import distance

MOST_COMPARED = 100
"""Names compared letter by letter, the first ones that pass what is cheap to see."""

LONGEST = 64
"""Characters of a name that are looked at."""

MOST_WRONG = 3
"""Letters of a typo, and never more than a third of the shorter name."""

FAMILY = 3
"""Letters with which two names of one family both begin, at least."""


class _Spelling(NamedTuple):
    """A name's letters and digits without its place (before "/"); ``stem`` is without its tag (behind ":") too."""

    name: str
    whole: str
    stem: str


def near_names(name: str, names: tuple[str, ...], most: int = 3) -> list[str]:
    """Public names like ``name``, best first: a typo away, or with another tag, place or ending."""
    asked = _spelling(name)
    likely = islice((other for other in map(_known, names) if _maybe(asked, other)), MOST_COMPARED)
    near = [(apart, other.name) for other in likely if (apart := _apart(asked, other)) is not None]
    return [found for _, found in nsmallest(most, near)]


def _maybe(one: _Spelling, other: _Spelling) -> bool:
    if _kin(one, other) or _bound(one.whole, other.whole) is not None:
        return True
    return _bound(one.stem, other.stem) is not None


def _apart(one: _Spelling, other: _Spelling) -> int | None:
    """How far two names are apart; None if they are strangers."""
    wrong = _wrong(one.whole, other.whole)
    if wrong is None and (_kin(one, other) or _wrong(one.stem, other.stem) is not None):
        return MOST_WRONG + 1 + abs(len(one.whole) - len(other.whole))
    return wrong


def _kin(one: _Spelling, other: _Spelling) -> bool:
    """Does one of them go on where the other ends?"""
    longer = one.stem.startswith(other.stem) or other.stem.startswith(one.stem)
    return longer and min(len(one.stem), len(other.stem)) >= FAMILY


def _wrong(one: str, other: str) -> int | None:
    """The slips from one word to the other, if there are few enough for a typo."""
    most = _bound(one, other)
    if most is None:
        return None
    wrong = distance(one, other, most)
    return wrong if wrong <= most else None


def _bound(one: str, other: str) -> int | None:
    """How many slips a typo may have between these two; None if there are more, as can be seen without counting."""
    most = min(MOST_WRONG, len(one) // 3, len(other) // 3)
    if not one or abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return None  # each slip changes the length by one and the set of letters by two at most
    return most


def _spelling(name: str) -> _Spelling:
    bare = name[:LONGEST].casefold().rpartition("/")[2]
    return _Spelling(name, _letters(bare), _letters(bare.partition(":")[0]))


_known = lru_cache(maxsize=4096)(_spelling)
"""For names of the configuration; callers' names are not remembered."""


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))
