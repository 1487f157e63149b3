"""Values in order, each with its weight: a quantile is a walk along the weights, a new value a search and a shift."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterable
from itertools import accumulate


class Ordered:
    """Of a hundred values or so: O(log n) comparisons to add or drop one, O(n) additions for a quantile."""

    __slots__ = ("_values", "_weights")

    def __init__(self, weighed: Iterable[tuple[float, float]] = ()) -> None:
        pairs = sorted(weighed)
        self._values = [value for value, _ in pairs]
        self._weights = [weight for _, weight in pairs]

    def add(self, value: float, weight: float) -> None:
        index = bisect(self._values, value)
        self._values.insert(index, value)
        self._weights.insert(index, weight)

    def drop(self, value: float, weight: float) -> None:
        """One that was added so."""
        index = self._weights.index(weight, bisect_left(self._values, value))
        del self._values[index], self._weights[index]

    def at(self, share: float) -> float | None:
        """The smallest value that at least ``share`` of the weight does not exceed; None of nothing."""
        if not self._values:
            return None
        edges = list(accumulate(self._weights))
        return self._values[bisect_left(edges, share * edges[-1])]
