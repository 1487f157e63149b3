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
from pointsman.model.view import Dice, View


class Measure(NamedTuple):
    """A strategy's name, how it tells a figure ("takes %.3f s to answer"), if the highest one wins, and how it tells
    that there is none.
    """

    strategy: str
    form: str  # of one figure, as % takes it
    highest: bool = False
    none: str = "has no results to go by"


def burdened(figures: list[float], pool: Pool, view: View) -> list[float]:
    """Loads; those of members whose share is reduced count as much more, so that they get as much less."""
    reduced = view.reduced
    if not reduced:
        return figures
    return [figure / reduced.get(d.id, 1.0) for d, figure in zip(pool, figures, strict=True)]


def one_of(indexes: Sequence[int], pool: Pool, view: View, dice: Dice) -> int:
    """One of these by dice; one whose share is reduced has as much less of a chance."""
    if len(indexes) == 1:
        return indexes[0]
    reduced = view.reduced
    if reduced:
        edges = list(accumulate(reduced.get(pool[index].id, 1.0) for index in indexes))
        return indexes[min(bisect(edges, dice.random() * edges[-1]), len(indexes) - 1)]
    return indexes[int(dice.random() * len(indexes))]


def best(pool: Pool, figures: list[float], measure: Measure, view: View, dice: Dice) -> tuple[int, Step]:
    """The member with the best figure."""
    top = max(figures) if measure.highest else min(figures)
    if figures.count(top) == 1:
        index = figures.index(top)
    else:
        index = one_of([i for i, figure in enumerate(figures) if figure == top], pool, view, dice)
    return index, told(pool, figures, measure, index)


def told(pool: Pool, figures: list[float], measure: Measure, index: int, why: str = "") -> Step:
    """The step that says who was picked by these figures; ``why`` is what else there is to say."""
    form, none = measure.form, measure.none
    chosen = figures[index]
    reason = f"{measure.strategy}: {pool[index].id} {form % chosen if isfinite(chosen) else none}"
    if len(figures) == 1:
        return Step("strategy", 1, 1, f"{reason}, the only one{why}")
    rest = figures.copy()
    del rest[index]
    second = max(rest) if measure.highest else min(rest)
    if second == chosen:
        following = f", as {rest.count(chosen)} of {len(rest)} others"
    else:
        place = rest.index(second)
        other = pool[place + (place >= index)].id
        following = f"; next: {other} {form % second if isfinite(second) else none}"
    return Step("strategy", len(pool), 1, f"{reason}{following}{why}")
