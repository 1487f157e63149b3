"""round_robin: the one whose turn came least often is next; of equals the one that follows whose turn was last.

Turns are virtual time: a turn costs 1 / weight, so weights are shares. Who joins late or comes back starts at the
present (``floor``), so nobody is flooded for having been away. Who begins is drawn by dice, unless the turns are to
begin with the first: many who start together would otherwise all ask the same one. A weight of zero is no share: its
owner has a turn only when nobody else is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, Turns, View

SLACK = 1e-9
"""Turns between times that are the same: thirds do not add up to one."""


class RoundRobin:
    def __init__(self, group: str, pool: Pool, _settings: Strategies) -> None:
        self._group = group
        self._pool = pool
        sharing = [index for index, d in enumerate(pool) if d.weight is None or d.weight > 0]
        self._indexes: Sequence[int] = sharing or range(len(pool))
        self._names = [pool[index].id for index in self._indexes]
        self._words: dict[int, tuple[int, Step]] = {}
        only = f"round_robin: {pool[0].id} is the only one"
        self._alone = (0, Step("strategy", 1, 1, only)) if len(pool) == 1 else None

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Where each one stands: asked when somebody has had a turn."""
        return {name: place for place, name in enumerate(self._names)}

    @cached_property
    def _at(self) -> Callable[[Mapping[str, float]], tuple[float, ...]]:
        """Of turns had by name, everybody's, and the last one's again: of two at least it gives a tuple."""
        return itemgetter(*self._names, self._names[-1])

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        if self._alone is not None:  # nothing to take turns with, and no memory to keep of names that callers make up
            return self._alone
        turns = view.turns(self._group)
        place = int(dice.random() * len(self._names)) if turns.last is None else self._following(turns, turns.last)
        index = self._indexes[place]
        return self._words.get(index) or self._tell(index)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        turns = view.turns(self._group)
        return [{"turn": max(turns.at.get(d.id, turns.floor), turns.floor)} for d in self._pool]

    def _following(self, turns: Turns, last: str) -> int:
        """The next in the pool's order of those who are due."""
        names, at, floor = self._names, turns.at, turns.floor
        size = len(names)
        begin = self._places.get(last, -1) + 1
        place = begin if begin < size else 0
        if at.get(names[place], floor) <= floor + SLACK:  # nobody can be due before it
            return place
        try:
            times = self._at(at)
        except KeyError:
            times = tuple([at.get(name, floor) for name in names])
        due = max(min(times), floor) + SLACK
        for place in range(begin, size):
            if times[place] <= due:
                return place
        return next(place for place in range(size) if times[place] <= due)

    def _tell(self, index: int) -> tuple[int, Step]:
        pool = self._pool
        word = self._words[index] = (index, Step("strategy", len(pool), 1, f"round_robin: {pool[index].id} is next"))
        return word
