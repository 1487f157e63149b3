"""round_robin: the one whose turn came least often is next; equals are told apart by dice.

Turns are virtual time: a turn costs 1 / weight, so weights are shares. Who joins late or comes back starts at the
present (``floor``), so nobody is flooded for having been away. A weight of zero is no share: its owner has a turn only
when nobody else is left.
"""

from __future__ import annotations

from pointsman.model.decision import Pool, Step
from pointsman.model.view import Dice, View
from pointsman.routing.shapes import Picker


def round_robin(group: str, pool: Pool) -> Picker:
    if len(pool) == 1:  # nothing to take turns with, and no memory to keep of names that callers make up
        alone = 0, Step("strategy", 1, 1, f"round_robin: {pool[0].id} is the only one")
        return lambda _view, _dice: alone
    sharing = [(index, d.id) for index, d in enumerate(pool) if d.weight is None or d.weight > 0]
    members = sharing or [(index, d.id) for index, d in enumerate(pool)]

    def pick(view: View, dice: Dice) -> tuple[int, Step]:
        turns = view.turns(group)
        at, floor = turns.at, turns.floor
        best: list[int] = []
        lowest = float("inf")
        for index, name in members:
            time = max(at.get(name, floor), floor)
            if time < lowest:
                lowest, best = time, [index]
            elif time == lowest:
                best.append(index)
        index = best[int(dice.random() * len(best))]
        reason = f"round_robin: {pool[index].id} is next, {len(best)} of {len(pool)} were equally due"
        return index, Step("strategy", len(pool), 1, reason)

    return pick
