"""Two calls at once: the first that delivers wins, the other is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from pointsman.flow.drive import Cancel
from pointsman.flow.effects import Call, Failed, Late, Opened, Raced, Reply
from pointsman.model.exchange import Answered

Resume = Callable[[Reply], None]


class Race:
    """One call, and another one if the flow wants it. The flow hears of every step once: a reply or ``Late``, and after
    that ``Raced``.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ask: Callable[[Call, Resume], Cancel]) -> None:
        self._loop = loop
        self._ask = ask
        self._replies: list[Answered | Opened | Failed | None] = [None, None]
        self._cancels: list[Cancel | None] = [None, None]
        self._resume: Resume | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late = False

    def begin(self, call: Call, seconds: float, resume: Resume) -> Cancel:
        """Ask; ``resume`` gets the reply, or Late if there is none by then."""
        self._resume = resume
        self._start(0, call)
        if self._replies[0] is None:
            self._timer = self._loop.call_later(seconds, self._be_late)
        return self.cancel

    def join(self, call: Call | None, resume: Resume) -> Cancel:
        """Wait on, with another call beside the first if there is one; ``resume`` gets Raced."""
        self._resume = resume
        if call is not None:
            self._start(1, call)
        return self.cancel

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._resume = None
        if self._timer is not None:
            self._timer.cancel()
        for index in (0, 1):
            self._stop(index)

    def _start(self, index: int, call: Call) -> None:
        cancel = self._ask(call, partial(self._come, index))
        if self._replies[index] is None:
            self._cancels[index] = cancel

    def _stop(self, index: int) -> None:
        cancel, self._cancels[index] = self._cancels[index], None
        if cancel is not None:
            cancel()

    def _be_late(self) -> None:
        self._late = True
        self._tell(Late(self))

    def _come(self, index: int, reply: Reply) -> None:
        if not isinstance(reply, (Answered, Opened, Failed)):
            raise TypeError(f"no reply to a call: {reply!r}")
        self._replies[index] = reply
        self._cancels[index] = None
        if not self._late:
            if self._timer is not None:
                self._timer.cancel()
            self._tell(reply)
            return
        delivered = type(reply) is Opened or (type(reply) is Answered and reply.status == 200)
        if not delivered and self._cancels[1 - index] is not None:
            return  # the other one may still deliver
        self._stop(1 - index)
        self._tell(Raced(index == 1, reply, self._replies[1 - index]))

    def _tell(self, reply: Reply) -> None:
        resume, self._resume = self._resume, None
        if resume is not None:
            resume(reply)
