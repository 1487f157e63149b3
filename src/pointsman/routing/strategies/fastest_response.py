"""fastest_response: the lowest 95th percentile of the time to the first token; of ``measure: latency``, whole answers.

Tries that fail make a time longer. Times are compared by a measure that everybody has: whole answers where nothing is
streamed. Who has no results is asked first, one request at a time. Who keeps the results forgets them after an hour, so
everybody is evaluated anew at least that often, the slow ones too.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import Clocked
from pointsman.routing.ranking import Measure

MEASURES = {
    "first_token": Measure("fastest_response", "takes %.3f s to the first token (p95)"),
    "latency": Measure("fastest_response", "takes %.3f s to answer"),
}


class FastestResponse:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        wanted = ("first_token",) if settings.measure == "time_to_first_token" else ()
        self._clocked = Clocked(Members(pool), wanted, MEASURES)

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        times = self._clocked.times(view)
        new = self._clocked.newcomer(times, view, dice)
        return times.ranking.best(view, dice) if new is None else (new, times.ranking.told(new))

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return self._clocked.terms(view)
