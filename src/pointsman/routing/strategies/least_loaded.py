"""least_loaded: the fewest requests in flight now; equals are told apart by dice."""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View


class LeastLoaded:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool = self._pool
        loads = [view.in_flight(deployment) for deployment in pool]
        lowest = min(loads)
        best = [index for index, load in enumerate(loads) if load == lowest]
        index = best[int(dice.random() * len(best))]
        reason = f"least_loaded: {pool[index].id} has {lowest} in flight, {len(best)} of {len(pool)} have as few"
        return index, Step("strategy", len(pool), 1, reason)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        return [{"in_flight": view.in_flight(deployment)} for deployment in self._pool]
