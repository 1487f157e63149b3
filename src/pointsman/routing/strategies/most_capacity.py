"""most_capacity: the one with the most room for a large request.

    capacity = context window / (requests in flight + 1) * what its limits leave free (0..1)

The largest context wins while it is idle, and a smaller one once the largest has to share its memory among many. Whose
context nobody knows counts as the smallest that is known; if none is, what is left is the least busy.
"""

from __future__ import annotations

from itertools import repeat
from math import inf
from operator import attrgetter
from typing import Any

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import lessened

MEASURE = Measure("most_capacity", "has room for %.0f tokens", highest=True)
LIMITS = attrgetter("rpm", "tpm", "max_parallel_requests")

UNTOLD = Measure("most_capacity", "has %.2f of its room free", highest=True)


class MostCapacity:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        windows = [d.window for d in pool]
        known = [window for window in windows if window is not None]
        self._measure = MEASURE if known else UNTOLD
        smallest = min(known, default=1)
        limits = list(map(LIMITS, pool))
        rooms = [  # none where a limit of 0 admits nobody
            0 if 0 in limit else smallest if window is None else window
            for window, limit in zip(windows, limits, strict=True)
        ]
        self._contexts = members.column(rooms)
        each = zip(*limits, strict=True) if any(map(any, limits)) else ()
        self._limits = [members.column([limit or inf for limit in column]) for column in each]

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        loads = view.in_flight_of(self._members)
        capacities = self._capacities(loads, self._free(loads, view), view)
        return best(self._members.pool, capacities, self._measure, view, dice, self._do)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        loads = view.in_flight_of(self._members)
        free = self._free(loads, view)
        capacities = self._capacities(loads, free, view)
        rows = zip(self._contexts, loads, repeat(1.0) if free is None else free, capacities, strict=False)
        return [{"context": int(a), "in_flight": int(b), "free": float(c), "capacity": float(d)} for a, b, c, d in rows]

    def _capacities(self, loads: Column, free: Column | None, view: View) -> Column:
        do, columns = self._do, (self._contexts, loads)
        capacities = do.each(_alone, *columns) if free is None else do.each(_shared, *columns, free)
        return lessened(capacities, self._members, view.reduced, do)

    def _free(self, loads: Column, view: View) -> Column | None:
        """The part that is left of the tightest limit of each; None if nobody has any."""
        do = self._do
        if not self._limits:
            return None
        used = view.minutes_of(self._members)

        def one(requests: float, tokens: float, load: float, rpm: float, tpm: float, parallel: float) -> float:
            taken = max(requests / rpm, tokens / tpm, load / parallel)
            return 1 - taken if taken < 1 else 0.0

        def everybody(requests: Any, tokens: Any, load: Any, rpm: Any, tpm: Any, parallel: Any) -> Column:
            taken: Any = do.larger(do.larger(requests / rpm, tokens / tpm), load / parallel)
            return do.capped(1 - taken, 0.0)

        return do.each(do.either(one, everybody), *used, loads, *self._limits)


def _alone(context: float, load: float) -> float:
    return context / (load + 1)


def _shared(context: float, load: float, free: float) -> float:
    return context / (load + 1) * free
