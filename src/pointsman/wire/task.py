"""A call that a coroutine answers, where others have a connection: what a library brings is read as OpenAI's stream is.

Every call is answered exactly once. Its time is the same as on the wire: for the first content, for each silence after
it, and for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from math import isinf
from typing import Any

from pointsman.flow.effects import Call, Ended, Failed, Opened, Reply
from pointsman.model.exchange import Answered, StreamReader
from pointsman.model.outcome import FailureKind
from pointsman.wire.upstream import Resume, Sink

Answer = Callable[[Call], Awaitable["Answered | Failed | AsyncIterator[bytes]"]]
"""The whole reply, or the frames of a stream. It raises nothing of its own, its stream neither."""


class Task:
    """One call. ``relay``, ``pause``, ``unpause`` and ``abort`` are those of ``wire.upstream.Upstream``."""

    def __init__(self, answer: Answer, call: Call, resume: Resume, loop: asyncio.AbstractEventLoop) -> None:
        self._answer = answer
        self._call = call
        self._resume: Resume | None = resume
        self._loop = loop
        self._begun = loop.time()
        self._sink: Sink | None = None
        self._held = b""
        self._opened = False
        self._over: Ended | None = None  # the stream ended before the receiver came
        self._room = asyncio.Event()
        self._room.set()
        self._told: asyncio.Handle | None = None
        self._task = loop.create_task(self._run())

    def relay(self, sink: Sink, resume: Resume) -> None:
        """Pass the opened stream on. ``resume`` gets Ended."""
        self._sink, self._resume = sink, resume
        held, self._held = self._held, b""
        sink.write(held)
        if self._over is not None:
            self._tell(self._over)

    def pause(self) -> None:
        self._room.clear()

    def unpause(self) -> None:
        self._room.set()

    def abort(self) -> None:
        """Nobody waits any more."""
        self._resume = self._sink = None
        if self._told is not None:
            self._told.cancel()
        self._task.cancel()

    async def _run(self) -> None:
        call = self._call
        try:
            async with asyncio.timeout(call.timeout) as limit:
                answer = await self._answer(call)
                if isinstance(answer, Answered | Failed) or call.reader is None:
                    reply: Any = answer
                else:
                    reply = await self._stream(answer, call.reader, limit)
        except TimeoutError:
            reply = self._late(call)
        if not self._opened or self._sink is not None:
            self._tell(reply)
        else:
            self._over = reply

    async def _stream(self, frames: AsyncIterator[bytes], reader: StreamReader, limit: asyncio.Timeout) -> Reply:
        """Until it ends, or says that it has failed."""
        try:
            async for frame in frames:
                if not self._room.is_set():  # the silence is not the service's
                    limit.reschedule(self._last(None))
                    await self._room.wait()
                self._pass_on(reader.feed(frame))
                if reader.refusal is not None:
                    return self._broken(reader.refusal.kind, reader.refusal.detail)
                if reader.content and not self._opened:
                    self._opened = True
                    self._tell(Opened(self))
                if self._opened:
                    limit.reschedule(self._last(self._call.idle))
        finally:
            close = getattr(frames, "aclose", None)
            if close is not None:
                await close()
        self._pass_on(reader.close())
        if not self._opened:
            return Failed(FailureKind.GARBAGE, "a stream without content", sent=True)
        return Ended(None)

    def _pass_on(self, frames: bytes) -> None:
        if self._sink is None:
            self._held += frames
        elif frames:
            self._sink.write(frames)

    def _last(self, silence: float | None) -> float | None:
        """When the next word is due; None: whenever it comes."""
        end = None if isinf(self._call.until) else self._begun + self._call.until
        if silence is None:
            return end
        due = self._loop.time() + silence
        return due if end is None else min(due, end)

    def _late(self, call: Call) -> Reply:
        if self._opened and self._loop.time() >= self._begun + call.until:
            return Ended(FailureKind.DEADLINE, "the request's time was up")
        if self._opened:
            return Ended(FailureKind.IDLE_TIMEOUT, f"silent for {call.idle:g} s")
        if call.reader is not None:
            return Failed(FailureKind.FIRST_TOKEN_TIMEOUT, f"no first content within {call.timeout:g} s", sent=True)
        return Failed(FailureKind.TIMEOUT, f"no reply within {call.timeout:g} s", sent=True)

    def _broken(self, kind: FailureKind, detail: str) -> Reply:
        return Ended(kind, detail) if self._opened else Failed(kind, detail, sent=True)

    def _tell(self, reply: Reply) -> None:
        """In a turn of its own, so that what follows from it does not happen inside the library's call."""
        resume, self._resume = self._resume, None
        if resume is not None:
            self._told = self._loop.call_soon(resume, reply)
