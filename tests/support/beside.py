"""Simulated providers beside a test that has no event loop of its own, and waits for what nobody tells of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from pointsman.testing import MockProvider
from support.held import LONGEST

TURNS = 5
"""Of the event loop: one to see a caller, one to let it in, and some to spare."""


class Beside:
    """An event loop in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(LONGEST)


@contextmanager
def provided(kind: str = "openai", **options: Any) -> Iterator[tuple[MockProvider, Beside]]:
    """One of them at work, and where it works."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    beside, mock = Beside(loop), MockProvider(kind, **options)
    try:
        beside.run(mock.start())
        try:
            yield mock, beside
        finally:
            beside.run(closed(mock))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def closed(mock: MockProvider) -> None:
    """After all who stood at the door are in: asyncio leaves a socket open whose listener closes while it is let in."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    await mock.close()


def wait_until(true: Callable[[], object]) -> None:
    """Until something is true that nobody tells of."""
    end = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)
