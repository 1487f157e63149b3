"""Arithmetic with columns: the same formulas for a few members, whose figures are Python numbers, and for many, whose
figures are arrays (``routing.arrays``). Which of the two it is stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, log
from statistics import median
from typing import Any, Protocol

from pointsman.model.members import Column, Members

Formula = Callable[..., Any]
"""Of one figure from each column. Made of + - * / alone, so that whole arrays go through it too."""


MASK = 2**64 - 1

LONGEST = 53 * log(2)
"""The logarithm of 2**53, as many different draws as a float can tell apart."""


class Arithmetic(Protocol):
    """With columns of one pool. Nothing changes a column: what is new is a new one."""

    def each(self, formula: Formula, *columns: Column) -> Column:
        """The formula's figure of each member."""
        ...

    def either(self, one: Formula, all_at_once: Formula) -> Formula:
        """Of a formula with branches the form that ``each`` takes: of one figure from each column, or of arrays."""
        ...

    def capped(self, column: Column, least: float) -> Column:
        """Figures, but none below ``least``."""
        ...

    def scaled(self, column: Column, factors: Mapping[int, float]) -> Column:
        """With these factors at these places, as far as that leaves anything."""
        ...

    def larger(self, column: Column, other: Column) -> Column:
        """Of two figures of each the larger one."""
        ...

    def where(self, which: Column, column: Column, otherwise: float) -> Column:
        """Figures of those who are meant, and ``otherwise`` for the others."""
        ...

    def filled(self, column: Column, nobody: float) -> Column:
        """Infinite figures are the median of the others; ``nobody`` if there are none."""
        ...

    def lowest(self, column: Column, *, highest: bool = False) -> int:
        """The first that has the lowest figure, or the highest."""
        ...

    def best(self, column: Column, *, highest: bool) -> tuple[int, int]:
        """The same, and how many have that figure."""
        ...

    def second(self, column: Column, besides: int, *, highest: bool = False) -> int:
        """The same of all but one. There are at least two."""
        ...

    def equal(self, column: Column, figure: float) -> Sequence[int]:
        """Who has this figure."""
        ...

    def up_to(self, column: Column, most: float) -> Sequence[int]:
        """Who has no more."""
        ...

    def from_on(self, column: Column, least: float) -> Sequence[int]:
        """Who has no less."""
        ...

    def among(self, places: Sequence[int], column: Column, *, least: bool = False) -> tuple[float, Sequence[int]]:
        """The lowest figure at any of these places (0 where ``least``), and at which of them it is."""
        ...

    def finite(self, column: Column) -> int:
        """How many figures are finite."""
        ...

    def total(self, column: Column) -> float: ...

    def seeds(self, numbers: Sequence[tuple[int, int]]) -> Any:
        """Pairs of 64 bits each, for ``distances``."""
        ...

    def distances(self, key: int, seeds: Any, shares: Column) -> Column:
        """How far a key is from each member (``routing.rendezvous``)."""
        ...


def arithmetic(members: Members) -> Arithmetic:
    """The one for columns of this pool."""
    if not members.many:
        return FEW
    from pointsman.routing.arrays import MANY  # noqa: PLC0415  numpy is loaded by who needs it

    return MANY


class _Few:
    def each(self, formula: Formula, *columns: Column) -> Column:
        return list(map(formula, *columns))

    def either(self, one: Formula, _all_at_once: Formula) -> Formula:
        return one

    def capped(self, column: Column, least: float) -> Column:
        return [max(least, figure) for figure in column]

    def scaled(self, column: Column, factors: Mapping[int, float]) -> Column:
        changed = list(column)
        for place, factor in factors.items():
            changed[place] = changed[place] * factor or changed[place]
        return changed

    def larger(self, column: Column, other: Column) -> Column:
        return list(map(max, column, other))

    def where(self, which: Column, column: Column, otherwise: float) -> Column:
        return [figure if meant else otherwise for meant, figure in zip(which, column, strict=True)]

    def filled(self, column: Column, nobody: float) -> Column:
        if inf not in column:
            return column
        known = [figure for figure in column if figure < inf]
        usual = median(known) if known else nobody
        return [figure if figure < inf else usual for figure in column]

    def lowest(self, column: Column, *, highest: bool = False) -> int:
        figures: Any = column
        return int(figures.index(max(figures) if highest else min(figures)))

    def best(self, column: Column, *, highest: bool) -> tuple[int, int]:
        figures: Any = column
        figure = max(figures) if highest else min(figures)
        return figures.index(figure), figures.count(figure)

    def second(self, column: Column, besides: int, *, highest: bool = False) -> int:
        rest = list(column)
        del rest[besides]
        place = rest.index(max(rest) if highest else min(rest))
        return place + (place >= besides)

    def equal(self, column: Column, figure: float) -> Sequence[int]:
        return [place for place, other in enumerate(column) if other == figure]

    def up_to(self, column: Column, most: float) -> Sequence[int]:
        return [place for place, figure in enumerate(column) if figure <= most]

    def from_on(self, column: Column, least: float) -> Sequence[int]:
        return [place for place, figure in enumerate(column) if figure >= least]

    def among(self, places: Sequence[int], column: Column, *, least: bool = False) -> tuple[float, Sequence[int]]:
        low = 0.0 if least else min(map(column.__getitem__, places))
        return low, [place for place in places if column[place] == low]

    def finite(self, column: Column) -> int:
        figures: Any = column
        return len(figures) - int(figures.count(inf))

    def total(self, column: Column) -> float:
        return sum(column)

    def seeds(self, numbers: Sequence[tuple[int, int]]) -> Any:
        return numbers

    def distances(self, key: int, seeds: Any, shares: Column) -> Column:
        return [
            (LONGEST - log(((key * factor + offset & MASK) >> 11) + 1)) / share if share > 0 else inf
            for (factor, offset), share in zip(seeds, shares, strict=True)
        ]


FEW = _Few()
