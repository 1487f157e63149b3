"""p2c-ewma: of two drawn at random, the one with the lower load = peak EWMA of its latency * (requests in flight + 1).

Two choices are nearly as even as looking at everybody, cost the same for ten members and ten thousand, and don't herd:
requests that arrive together draw different pairs. Tries that fail make a member slower, so who fails fast attracts
nobody. Who has no results is tried by one request at a time. In flight are also the requests of others, at a provider
whose load is watched. Method: Mitzenmacher 2001; the peak as in Finagle.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import TRIES
from pointsman.routing.figures import FEW
from pointsman.routing.ranking import Measure, best

MEASURE = Measure("p2c-ewma", "has a load of %.3f s")

UNKNOWN = 1000.0
"""Seconds that an answer is taken to need of somebody who never gave one: more than anybody known."""


class P2cEwma:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool = self._pool
        size = len(pool)
        first = int(dice.random() * size)
        if size == 1:
            return first, Step("strategy", 1, 1, f"p2c-ewma: {pool[0].id}, the only one")
        second = int(dice.random() * (size - 1))
        second += second >= first
        pair = (pool[first], pool[second])
        place, step = best(pair, _loads(pair, view), MEASURE, view, dice, FEW)
        reason = step.reason if size == 2 else f"{step.reason}, of two drawn from {size}"
        return (first, second)[place], Step("strategy", size, 1, reason)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        rows = []
        for d, load in zip(self._pool, _loads(self._pool, view), strict=True):
            peak = view.glance(d).peak
            row = {"in_flight": view.in_flight(d), "load": load}
            rows.append(row if peak is None else {"peak": peak, **row})
        return rows


def _loads(pool: Pool, view: View) -> list[float]:
    """Seconds, as if whoever is under way were served one after the other; 0 for a newcomer that nobody tries yet."""
    loads, reduced = [], view.reduced
    for d in pool:
        samples, trust, peak = view.glance(d)
        new = peak is None and samples < TRIES and view.in_flight(d) == 0
        load = 0.0 if new else (UNKNOWN if peak is None else peak) / trust * (view.load(d) + 1)
        loads.append(load / reduced.get(d.id, 1.0) if reduced else load)
    return loads
