"""latency-based-routing: anybody within (1 + buffer) of the fastest, by dice.

As LiteLLM means it: seconds a completion token, or to the first token where the request is streamed. Unlike there a
failure makes a member slower, not only a timeout; and who has no results is asked first by one request at a time, not
by all that arrive until its first answer.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import Times, times_of
from pointsman.routing.ranking import Measure, one_of, told

MEASURES = {
    "first_token": Measure("latency-based-routing", "takes %.3f s to the first token"),
    "per_token": Measure("latency-based-routing", "takes %.4f s a token"),
    "latency": Measure("latency-based-routing", "takes %.3f s to answer"),
}


class LatencyBasedRouting:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        self._pool = pool
        self._buffer = settings.buffer

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool, times = self._pool, self._times(request, view)
        measure, seconds = MEASURES[times.measure], times.seconds
        if times.newcomers:
            index = one_of(times.newcomers, pool, view, dice)
            return index, told(pool, seconds, measure, index)
        limit = min(seconds) * (1 + self._buffer)
        near = [index for index, took in enumerate(seconds) if took <= limit]
        index = one_of(near, pool, view, dice)
        return index, told(pool, seconds, measure, index, f"; {len(near)} within {self._buffer:.0%} of the fastest")

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        return self._times(request, view).terms()

    def _times(self, request: Request, view: View) -> Times:
        return times_of(self._pool, view, "first_token" if request.stream else "per_token")
