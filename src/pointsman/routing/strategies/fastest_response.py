"""fastest_response: the lowest 95th percentile of the time to the first token; of ``measure: latency``, whole answers.

Tries that fail make a time longer. Times are compared by a measure that everybody has: whole answers where nothing is
streamed. Who has no results is asked first, one request at a time. Who keeps the results forgets them after an hour, so
everybody is evaluated anew at least that often, the slow ones too.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import times_of
from pointsman.routing.ranking import Measure, best, one_of, told

FIRST_TOKEN = Measure("fastest_response", "takes %.3f s to the first token (p95)")
ANSWER = Measure("fastest_response", "takes %.3f s to answer")


class FastestResponse:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        self._pool = pool
        self._measures = ("first_token",) if settings.measure == "time_to_first_token" else ()

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool = self._pool
        times = times_of(pool, view, *self._measures)
        measure = FIRST_TOKEN if times.measure == "first_token" else ANSWER
        if times.newcomers:
            index = one_of(times.newcomers, pool, view, dice)
            return index, told(pool, times.seconds, measure, index)
        return best(pool, times.seconds, measure, view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return times_of(self._pool, view, *self._measures).terms()
