"""performance: the highest success rate and the lowest latency in one score (``routing.merits``)."""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.merits import Merits
from pointsman.routing.ranking import Measure

MEASURE = Measure("performance", "scores %.3f", highest=True)


class Performance:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        return Merits(self._pool, view).pick(MEASURE, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return Merits(self._pool, view).terms()
