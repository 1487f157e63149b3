"""An upstream that begins its answers and waits for a word before it goes on, and callers that listen to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from pointsman.fakes import deployment, provider
from pointsman.model.deployment import Deployment
from support.asking import ask

LONGEST = 30.0
"""Seconds that anything here is waited for: a test that takes so long has failed."""

FIRST, SECOND = b"one", b" two"
END = b"data: [DONE]\n\n"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"one two"},"finish_reason":"stop"}]}'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def frame(text: bytes, finish: bytes = b"null") -> bytes:
    return chunk(b'data: {"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":%b}]}\n\n' % (text, finish))


async def until(true: Callable[[], object]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(LONGEST):
        while not true():  # noqa: ASYNC110  as said
            await asyncio.sleep(0.002)


class Held:
    """``begun`` counts the requests that it has; a stream's first frame is sent at once, everything else when it is let
    go on. ``left`` counts the callers that hung up before.
    """

    def __init__(self) -> None:
        self.begun = self.left = 0
        self.port = 0
        self._go = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    def go_on(self) -> None:
        self._go.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def member(self) -> Deployment:
        """Of the group ``m``."""
        return deployment("held", at=provider("held", base_url=self.url))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
                self.begun += 1
                await self._answer(reader, writer, b'"stream":true' in body)
        writer.close()
        self._open.discard(writer)

    async def close(self) -> None:
        self.go_on()
        for writer in self._open:
            writer.close()
        await until(lambda: not self._open)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: bool) -> None:
        if stream:
            writer.write(HEAD + frame(FIRST))
        gone, go = asyncio.create_task(reader.read(1)), asyncio.create_task(self._go.wait())
        await asyncio.wait({gone, go}, return_when=asyncio.FIRST_COMPLETED)
        if not self._go.is_set():
            self.left += 1
            go.cancel()
            raise ConnectionResetError
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        if stream:
            writer.write(frame(SECOND, b'"stop"') + chunk(END) + b"0\r\n\r\n")
        else:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            writer.write(head % len(WHOLE) + WHOLE)
        await writer.drain()


@asynccontextmanager
async def held() -> AsyncIterator[Held]:
    it = Held()
    server = await asyncio.start_server(it.serve, "127.0.0.1", backlog=1024)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await it.close()


class Caller:
    """One connection with one request on it. ``begun`` is what it has read so far, ``rest`` reads on to the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.begun = b""

    async def read_first(self) -> None:
        """The head of a stream and its first frame."""
        async with asyncio.timeout(LONGEST):
            self.begun = await self.reader.readuntil(FIRST)

    async def rest(self) -> bytes:
        """Until the other side closes the connection."""
        async with asyncio.timeout(LONGEST):
            return await self.reader.read()


@asynccontextmanager
async def calling(port: int, raw: bytes = b"") -> AsyncIterator[Caller]:
    """A connection, with these bytes sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        yield Caller(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def streaming(port: int) -> AsyncIterator[Caller]:
    """A stream for the group ``m`` that has begun."""
    async with calling(port, ask(stream=True)) as caller:
        await caller.read_first()
        yield caller
