"""``figures.Arithmetic`` with numpy arrays, for pools of many: a few microseconds for a thousand members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pointsman.routing.figures import LONGEST, Formula

Column = Any
"""A numpy array."""


class _Many:
    def each(self, formula: Formula, *columns: Column) -> Column:
        return formula(*columns)

    def either(self, _one: Formula, all_at_once: Formula) -> Formula:
        return all_at_once

    def capped(self, column: Column, least: float) -> Column:
        return np.maximum(column, least)

    def scaled(self, column: Column, factors: Mapping[int, float]) -> Column:
        changed = column.astype(float)
        for place, factor in factors.items():
            changed[place] = changed[place] * factor or changed[place]
        return changed

    def larger(self, column: Column, other: Column) -> Column:
        return np.maximum(column, other)

    def where(self, which: Column, column: Column, otherwise: float) -> Column:
        return np.where(which, column, otherwise)

    def filled(self, column: Column, nobody: float) -> Column:
        known = np.isfinite(column)
        if known.all():
            return column
        return np.where(known, column, np.median(column[known]) if known.any() else nobody)

    def lowest(self, column: Column, *, highest: bool = False) -> int:
        return int(column.argmax() if highest else column.argmin())

    def best(self, column: Column, *, highest: bool) -> tuple[int, int]:
        place = int(column.argmax() if highest else column.argmin())
        return place, int(np.count_nonzero(column == column[place]))

    def second(self, column: Column, besides: int, *, highest: bool = False) -> int:
        rest = column.astype(float)
        rest[besides] = -np.inf if highest else np.inf
        place = self.lowest(rest, highest=highest)
        return place if place != besides else int(not besides)  # all others are infinite too

    def equal(self, column: Column, figure: float) -> Sequence[int]:
        return _places(column == figure)

    def up_to(self, column: Column, most: float) -> Sequence[int]:
        return _places(column <= most)

    def from_on(self, column: Column, least: float) -> Sequence[int]:
        return _places(column >= least)

    def among(self, places: Sequence[int], column: Column, *, least: bool = False) -> tuple[float, Sequence[int]]:
        chosen = np.asarray(places)
        figures = column[chosen]
        low = 0.0 if least else figures[figures.argmin()]
        found: Sequence[int] = chosen[figures == low]
        return float(low), found

    def finite(self, column: Column) -> int:
        return int(np.isfinite(column).sum())

    def total(self, column: Column) -> float:
        return float(column.sum())

    def seeds(self, numbers: Sequence[tuple[int, int]]) -> Any:
        return np.array(numbers, dtype=np.uint64).T.copy()

    def distances(self, key: int, seeds: Any, shares: Column) -> Column:
        factors, offsets = seeds
        draws = ((np.uint64(key) * factors + offsets) >> np.uint64(11)).astype(float) + 1.0
        apart: Column = LONGEST - np.log(draws)
        return np.divide(apart, shares, out=np.full(len(apart), np.inf), where=shares > 0)


def _places(which: Any) -> Sequence[int]:
    found: Sequence[int] = which.nonzero()[0]
    return found


MANY = _Many()
