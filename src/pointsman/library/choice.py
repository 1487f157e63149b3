"""Who gets a task: the line-up for what it asks for, the filters of the moment, and the strategy's pick.

Call under the board's lock. Explaining is the same decision with somebody who takes notes (``sights``).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from random import Random

import msgspec

from pointsman.config.settings import Strategies
from pointsman.errors import NoModels
from pointsman.library.bandit import Bandit
from pointsman.library.categories import TaskCategory
from pointsman.library.lineup import NO_WISH, Lineup, Row, Wish, lineup
from pointsman.library.models import Held, Model
from pointsman.library.refusal import refusal
from pointsman.library.strategy import Strategy
from pointsman.model.decision import Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.members import Members
from pointsman.model.request import Hints, Request
from pointsman.routing.shapes import Sight
from pointsman.routing.shapes import Strategy as Picker
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.queue import NORMAL
from pointsman.state.scoreboard import Scoreboard

TURNS = "tasks"
"""The group whose turns round robin remembers: one for all, whatever a task asks for."""

MOST_LINEUPS = 256
"""Combinations of tags and capabilities that are remembered."""

CHARACTERS = 4
"""Of a token, roughly."""

READING = (Strategy.PREFIX_AFFINITY, Strategy.USAGE_BASED_ROUTING)
"""Strategies that look at a prompt, or count its tokens."""

LONGEST_READ = 2000
"""Characters of a prompt that a strategy may look at."""


class Asked(msgspec.Struct, frozen=True):
    """What somebody is wanted for. ``deadline`` is when, on the clock, it is too late to begin. ``reported``: what came
    of it will be told by the model's id, else with what was given out. ``patient``: it waits for room.
    """

    request: Request
    category: TaskCategory
    wish: Wish = NO_WISH
    priority: int = NORMAL
    deadline: float = inf
    reported: bool = True
    patient: bool = False


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Who was chosen from which pool, what was said before, and the strategy's word."""

    deployment: Deployment
    pool: Pool
    before: tuple[Step, ...]
    word: Step

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.before, self.word)


class Chooser:
    """``models`` is the desk's, by id; it tells by ``changed`` when somebody comes or leaves. ``zone`` is where the
    program runs; a zone's models take ``spill_over`` tasks each at a time before the next zone is asked.
    """

    def __init__(
        self,
        board: Scoreboard,
        models: Mapping[str, Model],
        dice: Random,
        strategy: Strategy,
        *,
        zone: str | None,
        spill_over: int | None,
    ) -> None:
        self.counts = False
        self.bandit = Bandit(TURNS)
        self._board = board
        self._models = models
        self._dice = dice
        self._zone = zone
        self._spill_over = spill_over
        self._lineups: dict[Wish, Lineup] = {}
        self._requests = {category: _about(category) for category in TaskCategory}
        self.go_by(strategy)

    def changed(self) -> None:
        """Somebody came or left."""
        self._lineups = {}

    def go_by(self, strategy: Strategy) -> None:
        """``learns``: it wants to be told of results. ``turns``: the group that has turns with it, if any has."""
        self.strategy = strategy
        self.learns = strategy is Strategy.BANDIT
        self.turns = TURNS if strategy in (Strategy.ROUND_ROBIN, Strategy.BANDIT) else None
        self._lineups = {}

    def about(self, category: TaskCategory, prompt: str) -> Request:
        """What the core is told of a task: the text only where somebody looks at it. ``counts``: somebody has a limit
        of tokens.
        """
        if self.counts or category is TaskCategory.UNKNOWN or self.strategy in READING:
            return _about(category, prompt)
        return self._requests[category]

    def picker(self, pool: Pool) -> Picker:
        """The strategy of the moment, made ready for a pool."""
        if self.strategy is Strategy.BANDIT:
            return self.bandit.ready(pool)
        return STRATEGIES[self.strategy.value](TURNS, pool, Strategies())

    @property
    def arm(self) -> str:
        """What of a strategy that learns made the last choice; empty if nothing did."""
        return self.bandit.chosen if self.learns else ""

    def learned(self, held: Held, category: TaskCategory, success: bool, seconds: float) -> None:
        """What came of a task, for a strategy that learns."""
        self.bandit.learned(held.arm, category, success, seconds, held.lease.record.deployment.id)

    def choose(self, asked: Asked) -> Choice:
        """Raises NoModels, NoCandidate, AtLimit or TooManyTokens."""
        found = self._lineups.get(asked.wish) or self._line_up(asked.wish)
        if found.simple and self._spill_over is None:
            picked = found.rows[0].pick(asked.request, self._board, self._dice)
            if picked is not None:
                return Choice(picked[0], picked[1], found.steps, picked[2])
        return self._among(found, asked, None, self._dice)

    def explain(self, asked: Asked, sights: list[Sight]) -> tuple[Choice, list[dict[str, float]]]:
        """The choice that would be made now, and the figures of those it is made from. ``sights`` gathers who was left
        out by whom. Dice are thrown on the side: who asks why changes nothing of what comes.
        """
        aside, chosen = Random(), self.bandit.chosen  # noqa: S311  shares, not secrets
        aside.setstate(self._dice.getstate())
        found = self._lineups.get(asked.wish) or self._line_up(asked.wish)
        try:
            choice = self._among(found, asked, sights, aside)
            return choice, self.picker(choice.pool).terms(asked.request, self._board)
        finally:
            self.bandit.chosen = chosen

    def _among(self, found: Lineup, asked: Asked, sights: list[Sight] | None, dice: Random) -> Choice:
        """The nearest who may be asked: those of the next zone when nobody of this one is left, or all are busy."""
        steps = found.steps
        busy: tuple[Row, Members, tuple[Step, ...]] | None = None
        if sights is not None:
            sights.extend(found.sights)
        for number, row in enumerate(found.rows):
            left, said = row.fit(asked.request, self._board, sights)
            steps += self._where(found, number) + said
            idle = self._idle(left)
            if idle.pool:
                return self._picked(row, idle, steps, asked, dice)
            if left.pool and busy is None:
                busy = (row, left, steps)
        if busy is not None:
            return self._picked(*busy, asked, dice)
        raise refusal(found, asked.request, steps, self._board)

    def _picked(self, row: Row, left: Members, steps: tuple[Step, ...], asked: Asked, dice: Random) -> Choice:
        index, word = row.strategy_for(left).pick(asked.request, self._board, dice)
        return Choice(left.pool[index], left.pool, steps, word)

    def _idle(self, left: Members) -> Members:
        """Those that may have one more before another zone is asked."""
        most, board = self._spill_over, self._board
        return left if most is None else left.less([d.id for d in left.pool if board.in_flight(d) >= most])

    def _where(self, found: Lineup, number: int) -> tuple[Step, ...]:
        """What zones have to say, where there are several."""
        if len(found.rows) < 2:
            return ()
        row, total = found.rows[number], sum(len(each.pool) for each in found.rows)
        zones = sorted({d.provider.zone or "anywhere" for d in row.pool})
        why = f"nearest to {self._zone}" if number == 0 else "turned to, for nobody nearer has room"
        return (Step("zone", total, len(row.pool), f"{', '.join(zones[:8])}: {why}"),)

    def _line_up(self, wish: Wish) -> Lineup:
        if not self._models:
            raise NoModels("no model is registered: call register_model first")
        if len(self._lineups) >= MOST_LINEUPS:
            self._lineups.clear()
        members = tuple([model.deployment for model in self._models.values()])
        capabilities = {name: model.capabilities for name, model in self._models.items()}
        found = self._lineups[wish] = lineup(members, capabilities, wish, self._zone, self.picker)
        return found


def _about(category: TaskCategory, prompt: str = "") -> Request:
    text = prompt[:LONGEST_READ].encode(errors="replace").decode()  # half a character is no JSON
    body = {"prompt": msgspec.Raw(msgspec.json.encode(text))} if text else {}
    task = None if category is TaskCategory.UNKNOWN else category.value
    return Request("completions", None, body, tokens=len(prompt) // CHARACTERS + 1, hints=Hints(task=task))
