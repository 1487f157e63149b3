"""How a gateway ends: first it is not ready any more but serves, then it takes nothing new, then its time is up.

``leave`` → after the configured delay ``close`` → after the configured timeout ``stop``. Whatever is under way ends by
itself or is told by ``stop``; nothing is cut off in silence.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import cast

import uvicorn

from pointsman.errors import Draining
from pointsman.gateway.inference import Inference
from pointsman.telemetry.log import logger
from pointsman.wire.lane import LINGER, Lane

PARTING = 0.1
"""Seconds in which last words leave the process when it is to end at once."""

KILLED = 128
"""Shells add the signal's number to it: how a command says that a signal ended it."""


class Drain:
    """The end of one server. ``background`` ends what runs beside requests."""

    def __init__(self, server: uvicorn.Server, inference: Inference, background: Callable[[], None]) -> None:
        self._server = server
        self._inference = inference
        self._background = background
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self.closing = False
        self._hurried = 0  # the signal that did not want to wait
        self.cut: Counter[str] = Counter()

    @property
    def leaving(self) -> bool:
        return self._inference.leaving

    @property
    def exit_code(self) -> int:
        """0 if nothing was cut short."""
        if self._hurried:
            return KILLED + self._hurried
        return 1 if self.cut else 0

    def signalled(self, number: int) -> None:
        """The first signal begins the end, the second does not wait for it."""
        if not self.leaving:
            self.leave()
            return
        self._hurried = number
        self._server.should_exit = True
        if self.closing:
            self.stop()

    def leave(self) -> None:
        """Not ready any more. Requests are served, each as the last one of its connection."""
        if self.leaving:
            return
        self._inference.leaving = True
        self._since = monotonic()
        for lane in self._lanes():
            lane.leave()
        server = self._inference.runtime.topology.server
        logger().info(
            "draining",
            under_way=sum(not lane.idle for lane in self._lanes()),
            delay=server.drain_delay,
            timeout=server.drain_timeout,
            hint="a second signal ends it at once",
        )
        self._after(server.drain_delay, self._end)

    def close(self) -> None:
        """Nothing new is taken from now on."""
        self.leave()
        self.closing = True
        self._background()
        timeout = self._inference.runtime.topology.server.drain_timeout
        self._after(0.0 if self._hurried else timeout, self.stop)

    def stop(self) -> None:
        """Time is up: what is under way ends with an error, and then the connections whether it was read or not."""
        error = Draining("the gateway is ending and could not wait for the answer any longer")
        self.cut.update(filter(None, [lane.stop(error) for lane in self._lanes()]))
        self._after(PARTING if self._hurried else LINGER, self._abort)

    def over(self) -> None:
        """Everything has ended."""
        if self._timer is not None:
            self._timer.cancel()
        tell = logger().warning if self.cut else logger().info
        seconds = round(monotonic() - self._since, 3)
        tell("drained", seconds=seconds, cut_streams=self.cut["stream"], cut_requests=self.cut["request"])

    def _end(self) -> None:
        self._server.should_exit = True

    def _abort(self) -> None:
        for lane in self._lanes():
            lane.transport.abort()
        for task in self._server.server_state.tasks:
            task.cancel()

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        """One thing at a time is waited for."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _lanes(self) -> list[Lane]:
        return cast("list[Lane]", list(self._server.server_state.connections))
