"""most_capacity: the one with the most room for a large request.

    capacity = context window / (requests in flight + 1) * what its limits leave free (0..1)

The largest context wins while it is idle, and a smaller one once the largest has to share its memory among many. Whose
context nobody knows counts as the smallest that is known; if none is, what is left is the least busy.
"""

from __future__ import annotations

from math import inf

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import lessened

MEASURE = Measure("most_capacity", "has room for %.0f tokens", highest=True)
UNTOLD = Measure("most_capacity", "has %.2f of its room free", highest=True)


class MostCapacity:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        known = [d.window for d in pool if d.window is not None]
        self._measure = MEASURE if known else UNTOLD
        smallest = min(known, default=1)
        self._contexts = [_room(d, smallest) for d in pool]
        self._limits = [_limits(d) for d in pool]

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        loads = [view.in_flight(d) for d in self._pool]
        return best(self._pool, self._capacities(loads, self._free(loads, view), view), self._measure, view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        loads = [view.in_flight(d) for d in self._pool]
        free = self._free(loads, view)
        rows = zip(self._contexts, loads, free, self._capacities(loads, free, view), strict=True)
        return [{"context": a, "in_flight": b, "free": c, "capacity": d} for a, b, c, d in rows]

    def _capacities(self, loads: list[int], free: list[float], view: View) -> list[float]:
        rows = zip(self._contexts, loads, free, strict=True)
        return lessened([context / (load + 1) * part for context, load, part in rows], self._pool, view)

    def _free(self, loads: list[int], view: View) -> list[float]:
        """The part that is left of the tightest limit of each."""
        free = []
        for d, limits, load in zip(self._pool, self._limits, loads, strict=True):
            if limits is None:
                free.append(1.0)
                continue
            requests, tokens = view.used(d)
            rpm, tpm, parallel = limits
            taken = max(requests / rpm, tokens / tpm, load / parallel)
            free.append(1 - taken if taken < 1 else 0.0)
        return free


def _limits(deployment: Deployment) -> tuple[float, float, float] | None:
    """Requests and tokens a minute, parallel requests; None if it is not limited at all."""
    if not deployment.limited:
        return None
    return deployment.rpm or inf, deployment.tpm or inf, deployment.max_parallel_requests or inf


def _room(deployment: Deployment, smallest: int) -> int:
    """Its context window, in tokens; none where a limit of 0 admits nobody."""
    if 0 in (deployment.rpm, deployment.tpm, deployment.max_parallel_requests):
        return 0
    return smallest if deployment.window is None else deployment.window
