"""performance: the highest success rate and the lowest latency in one score (``routing.merits``)."""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.merits import Merits
from pointsman.routing.ranking import Measure

MEASURE = Measure("performance", "scores %.3f", highest=True)


class Performance:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._merits = Merits(Members(pool), MEASURE)

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        return self._merits.pick(self._merits.scores(view), view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return self._merits.terms(view)
