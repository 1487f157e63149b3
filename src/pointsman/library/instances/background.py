"""The event loop that instances work on, in a daemon thread of its own: one for all of them.

It begins with the first instance that has something to do and ends with the last one that is closed; what is still open
when the program ends is closed then. So a program without threads and loops of its own can use instances, and one with
either is not disturbed.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Coroutine
from concurrent.futures import Future
from threading import Event, Lock, Thread, current_thread
from typing import Any, Protocol

from pointsman.wire.outbox import Outbox
from pointsman.wire.sweeper import Sweeper


class User(Protocol):
    """Who works there."""

    def close(self) -> None: ...


class Background(Thread):
    """``sweeper`` and ``outbox`` are for connections on its loop."""

    loop: asyncio.AbstractEventLoop
    sweeper: Sweeper
    outbox: Outbox
    _over: asyncio.Event

    def __init__(self) -> None:
        super().__init__(name="pointsman-instances", daemon=True)
        self.users: set[User] = set()
        self._ready = Event()
        self.start()
        self._ready.wait()

    def run(self) -> None:
        asyncio.run(self._serve())

    def submit(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def settle(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it and wait until it is done; from its own thread, which must not wait for itself, only begin it."""
        begun = self.submit(work)
        if current_thread() is not self:
            begun.result()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._over.set)
        if current_thread() is not self:
            self.join()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.sweeper, self.outbox = Sweeper(self.loop), Outbox(self.loop)
        self._over = asyncio.Event()
        self._ready.set()
        await self._over.wait()


_lock = Lock()
_current: Background | None = None


def enter(user: User) -> Background:
    """The loop at work, begun if it must be. In a forked process that is another one: threads stay behind."""
    global _current  # noqa: PLW0603  one for the process
    with _lock:
        if _current is None or not _current.is_alive():
            _current = Background()
        _current.users.add(user)
        return _current


def leave(user: User, background: Background) -> None:
    """It has nothing to do there any more."""
    global _current  # noqa: PLW0603  as above
    with _lock:
        background.users.discard(user)
        if background.users:
            return
        if _current is background:
            _current = None
    if background.is_alive():
        background.stop()


@atexit.register
def close_all() -> None:
    """What nobody closed: no program of ours outlives us."""
    background = _current
    for user in list(background.users) if background is not None else []:
        user.close()
