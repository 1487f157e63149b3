"""Deadlines without a timer each: one slow tick looks at everything that waits. Exact to a tick, free per request."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Protocol

TICK = 0.05
"""Seconds between looks: how late a deadline may be noticed."""

NEVER = float("inf")


class Waiting(Protocol):
    """Something with a deadline, a point on ``time.monotonic``."""

    deadline: float

    def expire(self) -> None:
        """The deadline has passed. Called at every tick until it is moved or the thing is forgotten."""
        ...


class Sweeper:
    """Looks after all connections of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[Waiting] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, waiting: Waiting) -> None:
        self._waiting.add(waiting)
        if self._timer is None:
            self._timer = self._loop.call_later(TICK, self._sweep)

    def forget(self, waiting: Waiting) -> None:
        self._waiting.discard(waiting)

    def _sweep(self) -> None:
        now = monotonic()
        for waiting in [w for w in self._waiting if w.deadline <= now]:
            if waiting.deadline <= now and waiting in self._waiting:  # one before it may have changed that
                waiting.expire()
        self._timer = self._loop.call_later(TICK, self._sweep) if self._waiting else None
