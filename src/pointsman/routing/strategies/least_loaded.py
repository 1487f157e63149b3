"""least_loaded: the fewest requests in flight now; equals are told apart by dice.

Counted are those sent from here; at a provider whose load is watched, those that others have there as well. Those of a
member whose share is reduced count as much more, the next one included: with half the share it settles at half of what
the others carry.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.ranking import Measure, best, burdened

MEASURE = Measure("least_loaded", "has %.0f in flight")
BURDENED = Measure("least_loaded, more load for who has less than its share", "would have %.1f in flight")


class LeastLoaded:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool = self._pool
        if view.reduced:
            return best(pool, burdened([view.load(d) + 1 for d in pool], pool, view), BURDENED, view, dice)
        return best(pool, [view.load(d) for d in pool], MEASURE, view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        counted = burdened([view.load(d) + 1 for d in self._pool], self._pool, view)
        rows = zip(self._pool, counted, strict=True)
        return [{"in_flight": view.in_flight(d), "load": figure} for d, figure in rows]
