"""What a desk remembers as a snapshot, and back: what ``TaskRouter(store=…)`` keeps over a restart.

Under the board's lock little more than references are copied; the rest is made of them afterwards, so that routing does
not wait for a thousand models with a hundred results each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from pointsman.errors import Misuse
from pointsman.library.desk import Desk
from pointsman.library.models import Model
from pointsman.library.store import Keeper, Store
from pointsman.library.store.snapshot import BreakerSnapshot, Clocks, Evidence, ModelSnapshot, PastResult, Snapshot
from pointsman.model.view import Clock
from pointsman.state.breaker import Breaker, State
from pointsman.state.health import UNANSWERED
from pointsman.state.results import Result

Moment = Callable[[float], float]
"""A moment on one clock, as another one tells it."""


class Copied(NamedTuple):
    """One model's memory at one moment. ``results`` are on the router's clock."""

    model: ModelSnapshot
    results: tuple[Result, ...]


class Kept:
    """Implements ``desk.LongMemory``, in a store. What was loaded and nobody has come back for stays as it was.

    Raises StoreFailed if the store can't be read, or not be written; Misuse for what is no store.
    """

    def __init__(self, desk: Desk, store: Store, wall: Clock) -> None:
        if not all(callable(getattr(store, name, None)) for name in ("load", "save", "close")):
            raise Misuse(
                f"store is a path, a URL, or an object with load, save and close, not {type(store).__name__}",
                param="store",
            )
        past = store.load()
        # What is there becomes ours: who is unregistered from here goes from there. A new place is made, and a place
        # that can't be written is told now rather than in the log of a program that is up.
        store.save(past or Snapshot(taken=wall()))
        self.keeper = Keeper(store, self.snapshot, wall=wall)
        self._desk = desk
        self._wall = wall
        self._clocks = Clocks.read(desk.board.clock, wall)
        self._past = {model.id: model for model in past.models} if past is not None else {}
        self._taken = past.taken if past is not None else 0.0
        if past is not None and past.arms:
            self._go_on(past)

    def snapshot(self) -> Snapshot:
        """What is remembered now."""
        desk = self._desk
        self._clocks = clocks = self._clocks.renewed(desk.board.clock, self._wall)
        with desk.board.lock:
            copied = [self._copied(model, clocks.to_wall) for model in desk.everybody()]
            arms, strategy = desk.chooser.bandit.as_numbers(), desk.chooser.strategy.value
            absent = tuple(self._past.values())
        models = tuple([_with_results(each, clocks.to_wall) for each in copied])
        return Snapshot(taken=self._wall(), strategy=strategy, arms=arms, models=(*models, *absent))

    def note(self) -> None:
        self.keeper.changed = True

    def restore(self, model: Model) -> bool:
        past = self._past.pop(model.id, None)
        if past is None:
            return False
        clocks, board = self._clocks, self._desk.board

        def here(moment: float) -> float:
            return clocks.to_here(moment, self._taken)

        model.routed, model.timed, model.latency = past.routed, past.latency_count, past.latency_total
        for task, evidence in past.evidence.items():
            board.know(task, model.record, evidence.good, evidence.bad, here(evidence.at))
        _go_on(model.record.breaker, past.breaker, here)
        _go_on(model.record.place.breaker, past.place_breaker, here)
        results = [Result(here(each.ended), each.seconds, delivered=each.delivered) for each in past.results]
        board.restore(model.deployment, past.successful_tasks, past.failed_tasks, results)
        return True

    def forget(self, name: str) -> None:
        self._past.pop(name, None)

    def _go_on(self, past: Snapshot) -> None:
        bandit = self._desk.chooser.bandit
        try:
            bandit.go_on_from(past.arms)
        except Misuse:  # not as this version writes them: it is learned again
            bandit.reset()

    def _copied(self, model: Model, to_wall: Moment) -> Copied:
        record = model.record
        found = ModelSnapshot(
            id=model.id,
            routed=model.routed,
            total_requests=record.successes + model.failures,
            successful_tasks=record.successes,
            failed_tasks=model.failures,
            latency_total=model.latency,
            latency_count=model.timed,
            evidence={
                task: Evidence(good, bad, to_wall(at))
                for task, (good, bad, at) in self._desk.board.evidence(model.deployment).items()
            },
            breaker=_breaker(record.breaker, to_wall),
            place_breaker=_breaker(record.place.breaker, to_wall),
        )
        return Copied(found, tuple(record.results))


def _breaker(breaker: Breaker, to_wall: Moment) -> BreakerSnapshot:
    """One that is open until its instance says that it is alive is kept as closed: another one may be registered."""
    closed = breaker.state is State.CLOSED or breaker.cause == UNANSWERED
    return BreakerSnapshot(
        state=State.CLOSED if closed else breaker.state,
        failures=breaker.failures,
        successes=breaker.successes,
        openings=breaker.openings,
        until=0.0 if closed else to_wall(breaker.until),
        cause="" if closed else breaker.cause,
    )


def _go_on(breaker: Breaker, past: BreakerSnapshot, here: Moment) -> None:
    breaker.go_on(past.failures, past.openings, here(past.until) if past.state is not State.CLOSED else None)
    breaker.cause = past.cause


def _with_results(copied: Copied, to_wall: Moment) -> ModelSnapshot:
    results = tuple([PastResult(to_wall(each.ended), each.seconds, each.delivered) for each in copied.results])
    return msgspec.structs.replace(copied.model, results=results)
