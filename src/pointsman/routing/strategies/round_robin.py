"""round_robin: the one whose turn came least often is next; equals are told apart by dice.

Turns are virtual time: a turn costs 1 / weight, so weights are shares. Who joins late or comes back starts at the
present (``floor``), so nobody is flooded for having been away. A weight of zero is no share: its owner has a turn only
when nobody else is left.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View


class RoundRobin:
    def __init__(self, group: str, pool: Pool, _settings: Strategies) -> None:
        self._group = group
        self._pool = pool
        sharing = [(index, d.id) for index, d in enumerate(pool) if d.weight is None or d.weight > 0]
        self._members = sharing or [(index, d.id) for index, d in enumerate(pool)]
        only = f"round_robin: {pool[0].id} is the only one" if pool else ""
        self._alone = (0, Step("strategy", 1, 1, only)) if len(pool) == 1 else None

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        if self._alone is not None:  # nothing to take turns with, and no memory to keep of names that callers make up
            return self._alone
        turns = view.turns(self._group)
        at, floor = turns.at, turns.floor
        best: list[int] = []
        lowest = float("inf")
        for index, name in self._members:
            time = max(at.get(name, floor), floor)
            if time < lowest:
                lowest, best = time, [index]
            elif time == lowest:
                best.append(index)
        index = best[int(dice.random() * len(best))]
        pool = self._pool
        reason = f"round_robin: {pool[index].id} is next, {len(best)} of {len(pool)} were equally due"
        return index, Step("strategy", len(pool), 1, reason)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        turns = view.turns(self._group)
        return [{"turn": max(turns.at.get(d.id, turns.floor), turns.floor)} for d in self._pool]
