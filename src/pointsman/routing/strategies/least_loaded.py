"""least_loaded: the fewest requests in flight now; equals are told apart by dice.

Counted are those sent from here; at a provider whose load is watched, those that others have there as well. Those of a
member whose share is reduced count as much more, the next one included: with half the share it settles at half of what
the others carry.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import burdened

MEASURE = Measure("least_loaded", "has %.0f in flight")
BURDENED = Measure("least_loaded, more load for who has less than its share", "would have %.1f in flight")


class LeastLoaded:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        self._members = Members(pool)
        self._do = arithmetic(self._members)

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        if view.reduced:
            column, measure = self._burdened(view), BURDENED
        else:
            column, measure = view.loads_of(self._members), MEASURE
        return best(self._pool, column, measure, view, dice, self._do)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        rows = zip(self._pool, self._burdened(view), strict=True)
        return [{"in_flight": view.in_flight(d), "load": float(figure)} for d, figure in rows]

    def _burdened(self, view: View) -> Column:
        """Loads with the next request."""
        with_next = self._do.each(_and_one, view.loads_of(self._members))
        return burdened(with_next, self._members, view.reduced, self._do)


def _and_one(load: float) -> float:
    return load + 1
