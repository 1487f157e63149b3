"""The same round robin with a pybreaker around each model's calls. A result's time is that of a call that does nothing.

pybreaker's ``call`` holds the breaker's lock for as long as the call takes, so that a model is asked by one thread at a
time; ``calling()`` does not, and is what the simulated world uses. Times are by its own clock, replaced there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import pybreaker  # type: ignore[import-not-found]  # in an environment of its own

from library.rivals.by_hand import STRATEGIES, RoundRobin

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

VERSION = version("pybreaker")
FAILURES, PAUSE_SECONDS, SUCCESSES = 5, 30, 3
"""As our circuit breaker has them."""

__all__ = ["STRATEGIES", "VERSION", "Guarded", "chooser", "steps"]


def breaker() -> pybreaker.CircuitBreaker:
    return pybreaker.CircuitBreaker(fail_max=FAILURES, reset_timeout=PAUSE_SECONDS, success_threshold=SUCCESSES)


def nothing() -> None:
    """A call that takes no time."""


def steps(strategy: str, models: int) -> tuple[Callable[[], str], Callable[[str], None]]:
    """A choice, and a guarded call."""
    del strategy
    names = [f"m{number}" for number in range(models)]
    calls = {name: breaker().call for name in names}
    return RoundRobin(names).pick, lambda name: calls[name](nothing)


class TaskFailed(Exception):  # noqa: N818  it is no error of ours
    """What a task raises in the simulated world."""


class Guarded:
    """In the simulated world: whoever's breaker is open is passed over."""

    def __init__(self, names: list[str], now: Callable[[], float]) -> None:
        self._names = names
        self._turns = RoundRobin(names)
        self._breakers = {name: breaker() for name in names}
        pybreaker.datetime = _clock(now)

    def choose(self, category: str) -> tuple[str, AbstractContextManager[None]] | None:
        del category
        for _ in self._names:
            name = self._turns.pick()
            task = self._breakers[name].calling()
            try:
                task.__enter__()
            except pybreaker.CircuitBreakerError:
                continue
            return name, task
        return None

    def ended(self, name: str, task: AbstractContextManager[None], *, good: bool, seconds: float) -> None:
        del name, seconds
        if good:
            task.__exit__(None, None, None)
            return
        try:
            task.__exit__(TaskFailed, TaskFailed(), None)
        except (TaskFailed, pybreaker.CircuitBreakerError):
            return


def chooser(strategy: str, names: list[str], now: Callable[[], float], seed: int) -> Guarded:
    del strategy, seed
    return Guarded(names, now)


def _clock(now: Callable[[], float]) -> type:
    """Stands in for ``datetime`` in pybreaker's module."""

    class Simulated:
        @staticmethod
        def now(zone: object) -> datetime:
            return datetime.fromtimestamp(0, zone) + timedelta(seconds=now())  # type: ignore[arg-type]

    return Simulated
