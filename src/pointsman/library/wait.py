"""How a task waits for room: a thread on an event of its own, a coroutine on a future of its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

from pointsman.flow.effects import Effect, Reply, Wait
from pointsman.state.scoreboard import Scoreboard


def in_thread(board: Scoreboard) -> Callable[[Effect], Reply]:
    """Performs a flow's waits in the thread that asks."""

    def perform(effect: Effect) -> Reply:
        wait = _waiting(effect)
        woken = Event()
        with board.lock:
            if wait.ticket.kept is not None:
                return None
            wait.ticket.wake = woken.set
        woken.wait(wait.seconds)
        with board.lock:
            wait.ticket.wake = None
        return None

    return perform


class OnLoop:
    """Performs them on an event loop; places may be handed on by any thread."""

    def __init__(self, board: Scoreboard, loop: asyncio.AbstractEventLoop) -> None:
        self._board = board
        self._loop = loop

    def __call__(self, effect: Effect, resume: Callable[[Reply], None], /) -> Callable[[], None] | None:
        wait, loop = _waiting(effect), self._loop
        over = False

        def go_on() -> None:
            nonlocal over
            if not over:
                end()
                resume(None)

        def end() -> None:
            nonlocal over
            over = True
            timer.cancel()
            with self._board.lock:
                wait.ticket.wake = None

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(go_on)
            except RuntimeError:  # the loop was closed, and who waited on it with it
                self._board.leave_line(wait.ticket, served=False)

        timer = loop.call_later(wait.seconds, go_on)
        with self._board.lock:
            here = wait.ticket.kept is not None
            if not here:
                wait.ticket.wake = wake
        if here:
            loop.call_soon(go_on)
        return end


def _waiting(effect: Effect) -> Wait:
    if type(effect) is not Wait:
        raise TypeError(f"no way to perform {effect!r} here")
    return effect
