"""Who is best by a figure, and the sentence that says so: the winner, its figure, the runner-up.

Equals are told apart by dice, never by their place in the list: its first member would serve all that an idle pool is
asked. An infinite figure is that of a member who has none.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from math import isfinite
from typing import NamedTuple

from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column
from pointsman.model.view import Dice, View
from pointsman.routing.figures import Arithmetic


class Measure(NamedTuple):
    """A strategy's name, how it tells a figure ("takes %.3f s to answer"), if the highest one wins, and how it tells
    that there is none.
    """

    strategy: str
    form: str  # of one figure, as % takes it
    highest: bool = False
    none: str = "has no results to go by"


def one_of(indexes: Sequence[int], pool: Pool, view: View, dice: Dice) -> int:
    """One of these by dice; one whose share is reduced has as much less of a chance."""
    size = len(indexes)
    if size == 1:
        return int(indexes[0])
    reduced = view.reduced
    if reduced:
        edges = list(accumulate([reduced.get(pool[index].id, 1.0) for index in indexes]))
        return int(indexes[min(bisect(edges, dice.random() * edges[-1]), size - 1)])
    return int(indexes[int(dice.random() * size)])


def best(pool: Pool, column: Column, measure: Measure, view: View, dice: Dice, do: Arithmetic) -> tuple[int, Step]:
    """The member with the best figure."""
    first, equals = do.best(column, highest=measure.highest)
    index = first if equals == 1 else one_of(do.equal(column, column[first]), pool, view, dice)
    return index, Step("strategy", len(pool), 1, _sentence(pool, column, measure, index, (first, equals), do))


class Ranking:
    """A pool's figures, for as long as they hold: what is said of them is said again."""

    __slots__ = ("_best", "_do", "_measure", "_pool", "_steps", "_tied", "_words", "column", "top")

    def __init__(self, pool: Pool, column: Column, measure: Measure, do: Arithmetic) -> None:
        self.column = column
        self._pool = pool
        self._measure = measure
        self._do = do
        self._best = first, equals = do.best(column, highest=measure.highest)
        self.top = column[first]
        self._tied: Sequence[int] = (first,) if equals == 1 else do.equal(column, self.top)
        self._words: dict[int, str] = {}
        self._steps: dict[int, Step] = {}

    def best(self, view: View, dice: Dice) -> tuple[int, Step]:
        """The member with the best figure."""
        index = one_of(self._tied, self._pool, view, dice)
        return index, self.told(index)

    def told(self, index: int, why: str = "") -> Step:
        """The step that says who was picked by these figures; ``why`` is what else there is to say."""
        words = self._words.get(index)
        if words is None:
            words = _sentence(self._pool, self.column, self._measure, index, self._best, self._do)
            self._words[index] = words
        if why:
            return Step("strategy", len(self._pool), 1, words + why)
        step = self._steps.get(index)
        if step is None:
            step = self._steps[index] = Step("strategy", len(self._pool), 1, words)
        return step


def _sentence(pool: Pool, column: Column, measure: Measure, index: int, top: tuple[int, int], do: Arithmetic) -> str:
    """``top``: the first who has the best figure, and how many have it."""
    name, form, highest, none = measure
    chosen, size, (other, equals) = column[index], len(pool), top
    begun = f"{name}: {pool[index].id} {form % chosen if isfinite(chosen) else none}"
    if size == 1:
        return f"{begun}, the only one"
    if chosen == column[other]:
        if equals > 1:
            return f"{begun}, as {equals - 1} of {size - 1} others"
        other = do.second(column, index, highest=highest)
    second = column[other]
    return f"{begun}; next: {pool[other].id} {form % second if isfinite(second) else none}"
