"""least-utilization: the one whose machine or program is least busy, by its processors, memory and graphics cards.

Readings come from outside (``View.utilizations``) and are some seconds old; all that arrives before the next one would
go to whoever looked best. So those within a twentieth of the lowest are equals, and share by the requests that they
have in flight. Whose reading nobody knows counts as the median; if none is known, in flight decides. Of a member whose
share is reduced both count as much more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, Ranking, best, one_of
from pointsman.routing.shares import burdened

NEAR = 0.05
"""Of all that there is. What is closer together than that changes from one reading to the next."""

MEASURE = Measure("least-utilization", "uses %.2f of what it has")
UNKNOWN = Measure("least-utilization, nobody's being known", "has a load of %.1f")


class Readings(NamedTuple):
    """What a reading says of a pool. ``near``: who is about as little in use as the least."""

    ranking: Ranking
    near: Sequence[int]


class LeastUtilization:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._members = Members(pool)
        self._do = arithmetic(self._members)
        self._seen: Mapping[str, float] | None = None
        self._readings: Readings | None = None

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool, readings, loads = self._members.pool, self._read(view), self._loads(view)
        if readings is None:
            return best(pool, loads, UNKNOWN, view, dice, self._do)
        near = readings.near
        if len(near) == 1:
            return int(near[0]), readings.ranking.told(int(near[0]))
        lowest, idlest = self._do.among(near, loads)
        index = one_of(idlest, pool, view, dice)
        return index, readings.ranking.told(index, f"; {len(near)} are as little in use, and its load is {lowest:.1f}")

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        known = view.utilizations
        return [
            {"in_flight": view.in_flight(d)} | ({"utilization": known[d.id]} if d.id in known else {})
            for d in self._members.pool
        ]

    def _read(self, view: View) -> Readings | None:
        """Of the last reading, worked out once; None if it says nothing of these members."""
        known, reduced = view.utilizations, view.reduced
        if reduced:
            return self._readings_of(known, reduced)
        if known is not self._seen:
            self._seen, self._readings = known, self._readings_of(known, reduced)
        return self._readings

    def _readings_of(self, known: Mapping[str, float], reduced: Mapping[str, float]) -> Readings | None:
        column = self._members.column(known.get(d.id, inf) for d in self._members.pool)
        if not self._do.finite(column):
            return None
        column = burdened(self._do.filled(column, 0.0), self._members, reduced, self._do)
        ranking = Ranking(self._members.pool, column, MEASURE, self._do)
        return Readings(ranking, self._do.up_to(column, ranking.top + NEAR))

    def _loads(self, view: View) -> Column:
        """Requests in flight; with the next one, where somebody's count as more."""
        loads, reduced = view.in_flight_of(self._members), view.reduced
        return burdened(self._do.each(_and_one, loads), self._members, reduced, self._do) if reduced else loads


def _and_one(load: float) -> float:
    return load + 1
