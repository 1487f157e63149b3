"""One running program on the background loop: what it says is heard, what it complains of is kept, its end is known.

Pipes, no terminal and no shell. It leads a process group of its own, so that what it has started can be ended with it.
Popen, and pipes and a thread that waits for the end: asyncio's own subprocesses depend on which loop a user has chosen.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from subprocess import PIPE, Popen
from threading import Thread
from typing import Any

MOST_COMPLAINED = 4096
"""Bytes that are kept of what it says on stderr, the last ones."""

GRACE = 2.0
"""Seconds that it has to end by itself once its input has, and once more when it was asked to."""

Hear = Callable[[str], None]


class Pipe(asyncio.Protocol):
    """Hands on what comes out of a pipe. ``over`` settles when no more will."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def itself(self) -> Pipe:
        """What asyncio wants a factory of."""
        return self

    def data_received(self, data: bytes) -> None:
        self._hear(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self.over.set_result(None)


class Program:
    """``start`` it. ``over`` has its exit code when it has ended and all that it said was heard."""

    def __init__(self, process: Popen[bytes]) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._early: list[str] = []  # what it says before anybody listens
        self._hear: Hear | None = self._early.append
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._complained = b""
        self._transports: list[asyncio.BaseTransport] = []
        self._input: asyncio.WriteTransport | None = None
        self._pipes = Pipe(self._heard), Pipe(self._complain)
        self._exited: asyncio.Future[int] = self._loop.create_future()
        self.over = self._loop.create_task(self._attended())
        Thread(target=self._wait, name=f"pointsman-wait-{process.pid}", daemon=True).start()

    @classmethod
    async def start(cls, argv: Sequence[str], path: str | None, env: Mapping[str, str] | None) -> Program:
        """Raises OSError if it can't be started."""
        process = Popen(  # noqa: ASYNC220, S603  the programs are the user's own, and starting one takes a millisecond
            argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=path, env=env, bufsize=0, start_new_session=True
        )
        program = cls(process)
        connected = asyncio.create_task(program._connect())
        try:
            await asyncio.shield(connected)
        except BaseException:
            await asyncio.wait({connected})  # takes no time; half connected it could not be ended
            await program.kill()
            raise
        return program

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def complaint(self) -> str:
        """The end of what it said on stderr, in whole lines if it said more."""
        text = self._complained.decode(errors="replace")
        return text.partition("\n")[2] if len(self._complained) == MOST_COMPLAINED else text

    def listen(self, hear: Hear | None) -> None:
        """Who is told what it says, from its beginning if nobody was before; what it says to nobody is gone."""
        early, self._early = self._early, []
        self._hear = hear
        if hear is not None and early:
            hear("".join(early))

    def say(self, text: str) -> None:
        """To its input. One that has ended does not hear it, and ``over`` tells that."""
        if self._input is not None:
            self._input.write(text.encode(errors="replace"))

    def hang_up(self) -> None:
        """Its input ends here."""
        if self._input is not None:
            self._input.close()

    async def until(self, done: asyncio.Future[None]) -> None:
        """Wait until that is done, or it is over."""
        either: set[asyncio.Future[Any]] = {done, self.over}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def end(self, grace: float) -> None:
        """By itself when its input ends, or asked to, each within ``grace`` seconds; else, or if this is cancelled,
        killed.
        """
        try:
            self.hang_up()
            await asyncio.wait({self.over}, timeout=grace)
            self._signal(signal.SIGTERM)
            await asyncio.wait({self.over}, timeout=grace)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """At once, with all of its group. Pipes that somebody else holds open are closed at this end."""
        self._signal(signal.SIGKILL)
        await asyncio.wait({self._exited})
        for transport in self._transports:
            transport.close()
        await asyncio.wait({self.over})

    async def _connect(self) -> None:
        process, loop = self._process, self._loop
        for pipe, end in zip(self._pipes, (process.stdout, process.stderr), strict=True):
            transport, _ = await loop.connect_read_pipe(pipe.itself, end)
            self._transports.append(transport)
        self._input, _ = await loop.connect_write_pipe(asyncio.Protocol, process.stdin)
        self._transports.append(self._input)

    async def _attended(self) -> int:
        code = await self._exited
        await asyncio.wait({pipe.over for pipe in self._pipes})
        self._tell(self._decode(b"", True))
        return code

    def _wait(self) -> None:
        code = self._process.wait()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._exited.set_result, code)

    def _heard(self, data: bytes) -> None:
        self._tell(self._decode(data))

    def _tell(self, text: str) -> None:
        if text and self._hear is not None:
            self._hear(text)

    def _complain(self, data: bytes) -> None:
        self._complained = (self._complained + data)[-MOST_COMPLAINED:]

    def _signal(self, number: signal.Signals) -> None:
        """To its group. Of one that is over nothing is left that its number could mean."""
        if not self.over.done():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
