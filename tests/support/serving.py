"""A whole gateway on loopback inside a test's own event loop, and raw sockets to speak to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from time import monotonic

import msgspec

from pointsman.config.files import Files
from pointsman.config.settings import Settings
from pointsman.gateway.server import GatewayServer, bind, server_for
from pointsman.model.view import Clock
from pointsman.runtime import Runtime


class Serving:
    """A running gateway: ``port``, ``url``, ``runtime`` and ``server``; ``running`` is done when it has ended."""

    def __init__(self, runtime: Runtime, server: GatewayServer, port: int, running: asyncio.Task[None]) -> None:
        self.runtime = runtime
        self.server = server
        self.running = running
        self.port = port
        self.url = f"http://127.0.0.1:{port}"


@asynccontextmanager
async def gateway(settings: Settings, clock: Clock = monotonic, files: Files | None = None) -> AsyncIterator[Serving]:
    ready = asyncio.Event()
    runtime = Runtime(settings, clock=clock)
    with closing(bind("127.0.0.1", 0)) as listener:
        server = server_for(runtime, "127.0.0.1", 0, ready.set, files)
        running = asyncio.create_task(server._serve([listener]))
        try:
            await asyncio.wait({running, asyncio.create_task(ready.wait())}, return_when=asyncio.FIRST_COMPLETED)
            while not server.started:
                await asyncio.wait({running}, timeout=0.01)
            yield Serving(runtime, server, listener.getsockname()[1], running)
        finally:
            server.should_exit = True
            await running


class Reply:
    """A response read off the wire. ``names`` are those of its headers as often as they stand."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = dict(headers)
        self.names = [name for name, _ in headers]
        self.body = body

    def json(self) -> dict:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> dict:
        return self.json()["error"]


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = dict(pairs)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Reply(int(first.split()[1]), pairs, body)


async def send(port: int, raw: bytes, replies: int = 1) -> list[Reply]:
    """Write bytes, read so many responses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        return [await asyncio.wait_for(read_reply(reader), 20) for _ in range(replies)]
    finally:
        writer.close()


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
