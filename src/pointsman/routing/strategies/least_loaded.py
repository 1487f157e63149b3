"""least_loaded: the fewest requests in flight now; equals are told apart by dice."""

from __future__ import annotations

from pointsman.model.decision import Pool, Step
from pointsman.model.view import Dice, View
from pointsman.routing.shapes import Picker


def least_loaded(_group: str, pool: Pool) -> Picker:
    def pick(view: View, dice: Dice) -> tuple[int, Step]:
        loads = [view.in_flight(deployment) for deployment in pool]
        lowest = min(loads)
        best = [index for index, load in enumerate(loads) if load == lowest]
        index = best[int(dice.random() * len(best))]
        reason = f"least_loaded: {pool[index].id} has {lowest} in flight, {len(best)} of {len(pool)} have as few"
        return index, Step("strategy", len(pool), 1, reason)

    return pick
