"""most_capacity: the one with the most room for a large request.

    capacity = context window / (requests in flight + 1) * what its limits leave free (0..1)

The largest context wins while it is idle, and a smaller one once the largest has to share its memory among many. Whose
context nobody knows counts as the smallest that is known; if none is, what is left is the least busy.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import halved

MEASURE = Measure("most_capacity", "has room for {:.0f} tokens", highest=True)
UNTOLD = Measure("most_capacity", "has {:.2f} of its room free", highest=True)


class MostCapacity:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        known = [d.context for d in pool if d.context is not None]
        self._measure = MEASURE if known else UNTOLD
        smallest = min(known, default=1)
        self._members = [(d, smallest if d.context is None else d.context, _limits(d)) for d in pool]

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        return best(self._pool, self._capacities(view), self._measure, view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return [
            {"context": context, "in_flight": view.in_flight(d), "free": _free(d, limits, view), "capacity": capacity}
            for (d, context, limits), capacity in zip(self._members, self._capacities(view), strict=True)
        ]

    def _capacities(self, view: View) -> list[float]:
        capacities = [
            context / (view.in_flight(d) + 1) * (_free(d, limits, view) if limits else 1.0)
            for d, context, limits in self._members
        ]
        return halved(capacities, self._pool, view)


Limits = tuple[tuple[int, int], ...]
"""Which (0: requests and 1: tokens a minute, 2: parallel requests), and how many."""


def _limits(deployment: Deployment) -> Limits:
    all_ = (deployment.rpm, deployment.tpm, deployment.max_parallel_requests)
    return tuple((which, most) for which, most in enumerate(all_) if most is not None)


def _free(deployment: Deployment, limits: Limits, view: View) -> float:
    """The part that is left of the tightest of its limits."""
    now = (*view.used(deployment), view.in_flight(deployment))
    free = 1.0
    for which, most in limits:
        free = min(free, 1 - now[which] / most if most > 0 else 0.0)
    return max(free, 0.0)
