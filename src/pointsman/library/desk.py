"""What the sync router and the async one share: who is registered, who has which task, and what came of it.

Nothing here waits. A task for which nobody has room goes to ``wait_for_room``, a flow that threads and event loops
perform in their own ways. Choosing and counting happen in one hold of the board's lock; an argument that makes no sense
is told before anything is changed.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from random import Random

from pointsman.errors import DeadlineMissed, NoCandidate
from pointsman.flow.effects import Effect, Reply
from pointsman.flow.line import Waiting, in_line
from pointsman.library.categories import TaskCategory
from pointsman.library.choice import TURNS, Asked
from pointsman.library.models import FAILED, Failure, Held, Model
from pointsman.library.regret import Regret
from pointsman.library.roster import Options, Roster
from pointsman.library.strategy import Strategy
from pointsman.model.outcome import CONSEQUENCES
from pointsman.model.rest import BreakerSettings
from pointsman.model.view import Clock
from pointsman.state.results import Result
from pointsman.state.rules import Rules

LOG = logging.getLogger("pointsman.task_router")
LOG.addHandler(logging.NullHandler())
"""Nobody hears it who does not ask the standard library for it."""

MOST_HELD = 10_000
"""Tasks of one model that are waited for; what was given to it before those is taken to be lost."""


class Desk(Roster):
    """Who has which task."""

    def __init__(
        self, strategy: Strategy, breaker: BreakerSettings, options: Options, clock: Clock, dice: Random
    ) -> None:
        super().__init__(strategy, breaker, options, clock, dice)
        self._watched = 0  # whose tasks were looked at last, for those that nobody reports on
        self._begin()

    # Who gets a task

    def take(self, asked: Asked) -> tuple[Model, Held]:
        """Choose somebody who is alive and count the task in. Raises NoModels, NoCandidate, AtLimit, TooManyTokens."""
        board = self.board
        with board.lock:
            model = self._chosen(asked)
            lease = board.take(model.deployment, self.chooser.turns)
            if model.record.counted:  # what is under way counts too, or a minute would begin with all there is
                model.record.tokens.add(lease.begun, asked.request.tokens)
            model.routed += 1
            self._look_after_next(lease.begun)
            held = Held(lease, asked.category, self.chooser.arm if self.chooser.learns else "")
            if asked.reported:
                self.hold(model, held)
            return model, held

    def take_back(self, model: Model, held: Held) -> None:
        """Nobody wants the place any more that a task was given."""
        with self.board.lock:
            for index, other in enumerate(model.held):
                if other is held:
                    del model.held[index]
                    break
            model.routed -= 1
            self.given_up(model, held)

    def hold(self, model: Model, held: Held) -> None:
        """What comes of the task will be told by the model's id."""
        with self.board.lock:
            model.held.append(held)
            if len(model.held) > MOST_HELD:
                self.board.give_back(model.held.popleft().lease)

    def wait_for_room(self, asked: Asked, nobody: NoCandidate) -> Generator[Effect, Reply, tuple[Model, Held]]:
        """``take`` for a task that has to stand in line first. Raises DeadlineMissed, QueueFull, or what ``take``
        raised last.
        """
        board, last = self.board, nobody

        def look() -> tuple[Model, Held] | None:
            nonlocal last
            try:
                return self.take(asked)
            except NoCandidate as still:
                last = still
                return None

        who = Waiting(nobody.crowded, asked.priority, asked.request.tokens, asked.deadline, sheds=False)
        found = (yield from in_line(board, who, look)) if board.clock() < asked.deadline else None
        if found is not None:
            return found
        if board.clock() >= asked.deadline:
            raise DeadlineMissed(f"nobody had room in time: {last.message}", retry_after=last.retry_after)
        raise last

    # What came of it

    def record(self, name: str, success: bool, seconds: float, category: TaskCategory | None) -> None:
        """A result that a caller tells of: of the oldest task that the model has, if any. Raises UnknownModel."""
        board = self.board
        with board.lock:
            model, now = self.model(name), board.clock()
            held = self._reported(model, now)
            about = held.category if category is None else category
            self._over(model, held, about, Result(now, seconds), None if success else FAILED)

    def _reported(self, model: Model, now: float) -> Held:
        """Which task a result is of: the oldest of those under way. On trial it is the oldest of those that are the
        trial: others speak of the past, and the model would wait for them for ever.
        """
        if model.held:
            self._give_up_old(model, now)
        held = model.held
        if not held:
            return Held(self.board.note(model.record), TaskCategory.UNKNOWN)
        if model.deployment.id in self.board.resting:
            for index, other in enumerate(held):
                if other.lease.passage is not None:
                    del held[index]
                    return other
        return held.popleft()

    def ended(self, model: Model, held: Held, failure: Failure | None) -> None:
        """A task that was not to be reported on by id is over: with a failure, or None."""
        board = self.board
        with board.lock:
            now = board.clock()
            self._over(model, held, held.category, Result(now, now - held.lease.begun), failure)

    def _over(self, model: Model, held: Held, about: TaskCategory, result: Result, failure: Failure | None) -> None:
        """Give a task's place back and remember what came of it. ``result``: what it is if it went well."""
        board, lease, good = self.board, held.lease, failure is None
        if model.gone:  # it was unregistered meanwhile, and its place with it
            return
        seconds = result.seconds or 0.0
        model.timed += 1
        model.latency += seconds
        if failure is None:
            lease.result = result
        else:
            board.failed(lease, failure.kind, failure.retry_after)
            model.faultless += not CONSEQUENCES[failure.kind].counts
        board.give_back(lease)
        if board.resting or lease.passage is not None:
            self._tell(model)
        if about is not TaskCategory.UNKNOWN:
            board.learned(about, lease.record, good, result.ended)
        if held.arm or self.chooser.learns:
            self.chooser.learned(held, about, good, seconds)
        if self.memory is not None:
            self.memory.note()

    def _tell(self, model: Model) -> None:
        """A model that is left out, or back, is worth a line in the log."""
        why = self.board.fitness(model.deployment)
        out = model.deployment.id in self.board.resting
        if out and not model.told_out and why is not None:
            LOG.warning("model %s is left out: %s", model.id, why)
            model.told_out = True
        elif not out and model.told_out:
            LOG.info("model %s is back", model.id)
            model.told_out = False

    def given_up(self, model: Model, held: Held) -> None:
        """A task is over without a word on the model: its caller left."""
        with self.board.lock:
            if not model.gone:
                self.board.give_back(held.lease)

    def regret(self) -> Regret:
        with self.board.lock:
            return self.chooser.bandit.regret()

    # Housekeeping

    def go_by(self, strategy: Strategy) -> None:
        with self.board.lock:
            before = self.chooser.strategy
            self.chooser.go_by(strategy)
        if before is not strategy:
            LOG.info("strategy %s instead of %s", strategy.value, before.value)

    def settle(self, breaker: BreakerSettings) -> None:
        """Of all models, from now on; who rests goes on resting."""
        self.board.settle(Rules(breaker=breaker, queue=self.options.queue))

    def recover(self, model: Model) -> None:
        """Somebody says that it is well."""
        self.board.recover(model.deployment)

    def reset(self, *, keep_breakers: bool) -> None:
        """Forget what was counted and learned. What is under way goes on."""
        with self.board.lock:
            self.board.reset(keep_breakers=keep_breakers)
            self._begin()
            self.chooser.bandit.reset()
            for model in self.everybody():
                model.routed = model.timed = model.faultless = 0
                model.latency = 0.0
                self.credit(model)
            if self.memory is not None:
                self.memory.note()

    def _begin(self) -> None:
        """Turns begin with the first that was registered, as one expects of a list."""
        self.board.turns(TURNS).last = ""

    def _chosen(self, asked: Asked) -> Model:
        """Somebody who is alive, as far as that can be told. Before nobody is found all that was lost is given up."""
        lost = False
        while True:
            try:
                model = self.models[self.chooser.choose(asked).deployment.id]
            except NoCandidate:
                if lost or not self._models_give_up_old():
                    raise
                lost = True
                continue
            if self.look_at(model):
                return model

    def _models_give_up_old(self) -> bool:
        """Was anything lost?"""
        now, before = self.board.clock(), sum(len(model.held) for model in self.models.values())
        for model in self.models.values():
            self._give_up_old(model, now)
        return sum(len(model.held) for model in self.models.values()) < before

    def _look_after_next(self, now: float) -> None:
        """With each choice one model's oldest tasks are looked at: whoever never reports must not fill it for ever."""
        order = self._order or self.everybody()
        self._watched = (self._watched + 1) % len(order)
        self._give_up_old(order[self._watched], now)

    def _give_up_old(self, model: Model, now: float) -> None:
        """What was not reported on in time is lost."""
        held, oldest = model.held, now - self.options.lease_timeout
        while held and held[0].lease.begun < oldest:
            self.board.give_back(held.popleft().lease)
