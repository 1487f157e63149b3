"""Questions through the real pool, without a flow around them."""

from __future__ import annotations

import asyncio
from math import inf

from pointsman.fakes import provider, request
from pointsman.flow.effects import Call, Ended, Opened, Reply
from pointsman.model.exchange import WireRequest
from pointsman.providers.openai import DIALECT
from pointsman.wire.perform import World

PATIENCE = 20
"""Seconds after which a test that waits in vain ends."""


class Sink:
    """Who gets a stream's frames."""

    def __init__(self) -> None:
        self.frames = b""
        self._told = asyncio.Event()

    def write(self, frames: bytes) -> None:
        self.frames += frames
        self._told.set()

    async def until(self, end: bytes) -> None:
        """Wait until the frames end so."""
        async with asyncio.timeout(PATIENCE):
            while not self.frames.endswith(end):
                self._told.clear()
                await self._told.wait()


class Asking:
    """Questions to one upstream."""

    def __init__(self, url: str) -> None:
        self.world = World(asyncio.get_running_loop())
        self.place = provider(base_url=url)

    def begin(self, *, stream=False, body=b"{}", timeout=5.0, idle=5.0, until=inf) -> asyncio.Future:
        """The reply to come. The numbers are a Call's."""
        reader = DIALECT.reader(request(stream=True), "m") if stream else None
        call = Call(self.place, WireRequest("/chat/completions", body), timeout, idle, reader, until)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.world.perform(call, answer.set_result)
        return answer

    async def ask(self, **more) -> Reply:
        return await asyncio.wait_for(self.begin(**more), PATIENCE)

    async def relay(self, opened: Opened, sink: Sink | None = None) -> tuple[bytes, Ended]:
        """Take the rest of a stream. Returns all of it, and its end."""
        sink, end = sink or Sink(), asyncio.get_running_loop().create_future()
        opened.stream.relay(sink, end.set_result)
        ended = await asyncio.wait_for(end, PATIENCE)
        return sink.frames, ended
