"""latency-based-routing: anybody within (1 + buffer) of the fastest, by dice.

As LiteLLM means it: seconds a completion token, or to the first token where the request is streamed. Unlike there a
failure makes a member slower, not only a timeout; and who has no results is asked first by one request at a time, not
by all that arrive until its first answer.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import Clocked
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, one_of

MEASURES = {
    "first_token": Measure("latency-based-routing", "takes %.3f s to the first token"),
    "per_token": Measure("latency-based-routing", "takes %.4f s a token"),
    "latency": Measure("latency-based-routing", "takes %.3f s to answer"),
}


class LatencyBasedRouting:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        self._pool = pool
        members = Members(pool)
        self._do = arithmetic(members)
        self._buffer = settings.buffer
        self._streams = Clocked(members, ("first_token",), MEASURES)
        self._answers = Clocked(members, ("per_token",), MEASURES)

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        clocked = self._clocked(request)
        times = clocked.times(view)
        ranking, new = times.ranking, clocked.newcomer(times, view, dice)
        if new is not None:
            return new, ranking.told(new)
        near = self._do.up_to(ranking.column, ranking.top * (1 + self._buffer))
        index = one_of(near, self._pool, view, dice)
        return index, ranking.told(index, f"; {len(near)} within {self._buffer:.0%} of the fastest")

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        return self._clocked(request).terms(view)

    def _clocked(self, request: Request) -> Clocked:
        return self._streams if request.stream else self._answers
