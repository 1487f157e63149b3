"""A simulated world to learn in: models that succeed by chance and take their time, and whoever chooses among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from random import Random

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeClock, deployment, provider, request
from pointsman.library.bandit import Bandit
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.results import Result
from pointsman.state.scoreboard import Scoreboard

GROUP = "tasks"

Odds = Mapping[str, Mapping[str, float]]
"""By category and model, how often it succeeds: 0..1."""

Pace = Callable[[str, int], float]
"""Seconds that a model takes for a task, with so many others under way."""


def pool_of(names: Sequence[str]) -> tuple:
    return tuple(deployment(name, at=provider(name)) for name in names)


class World:
    """Tasks arrive every ``every`` seconds, each of the next category; results are told when they are there. What the
    world does and what the chooser throws are different dice, so that choosers meet the same luck.
    """

    def __init__(self, odds: Odds, pace: Pace = lambda _model, _pending: 1.0, every: float = 2.0, seed: int = 1):
        self.odds = odds
        self.pace, self.every = pace, every
        self.clock, self.luck, self.dice = FakeClock(), Random(seed), Random(seed + 1)
        self.board = Scoreboard(self.clock, self.dice)
        self.pool = pool_of(list(next(iter(odds.values()))))
        self.bandit = Bandit(GROUP)
        self.picked: list[tuple[str, str]] = []
        self.arms: list[str] = []
        self.regret: list[float] = []
        self.seconds: list[float] = []
        self._open: list[tuple] = []
        self._number = 0

    def run(self, tasks: int, chooser: str = "bandit") -> World:
        """So many tasks more. ``chooser`` is the bandit or the name of a strategy."""
        bandit = chooser == "bandit"
        made = self.bandit.ready(self.pool) if bandit else STRATEGIES[chooser](GROUP, self.pool, Strategies())
        asked = {category: request(hints=Hints(task=category)) for category in self.odds}
        categories = list(self.odds)
        for _ in range(tasks):
            self._number += 1
            self._tell(self.clock.now)
            category = categories[self._number % len(categories)]
            member = self.pool[made.pick(asked[category], self.board, self.dice)[0]]
            arm = self.bandit.chosen if bandit else ""
            took = self.pace(member.id, self.board.in_flight(member))
            well = self.luck.random() < self.odds[category][member.id]
            lease = self.board.take(member, GROUP)
            heappush(self._open, (self.clock.now + took, self._number, lease, member.id, arm, category, well, took))
            chances = self.odds[category]
            self.picked.append((category, member.id))
            self.arms.append(arm)
            self.regret.append(max(chances.values()) - chances[member.id])
            self.seconds.append(took)
            self.clock.advance(self.every)
        self._tell(float("inf"))
        return self

    def _tell(self, until: float) -> None:
        while self._open and self._open[0][0] <= until:
            ended, _, lease, model, arm, category, well, took = heappop(self._open)
            self.clock.now = max(self.clock.now, ended)
            if well:
                lease.result = Result(ended, took)
            else:
                self.board.failed(lease, FailureKind.SERVER_ERROR)
            self.board.give_back(lease)
            self.bandit.learned(arm, category, well, took, model)

    def share(self, category: str, last: int) -> dict[str, float]:
        """What part of a category's last tasks each model had."""
        models = [model for its, model in self.picked if its == category][-last:]
        return {model: count / len(models) for model, count in Counter(models).most_common()}
