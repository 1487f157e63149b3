"""An upstream that answers with exactly the bytes it is given, right or wrong."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Scripted:
    """Answers requests in order, whatever connection they come on, the last answer over and over.

    ``asked`` has the number of the connection of each request, ``bodies`` what it said; ``left`` is set where the other
    side has closed.
    """

    def __init__(self, *answers: bytes, hang_up: bool) -> None:
        self._answers = deque(answers)
        self._hang_up = hang_up
        self._writers: list[asyncio.StreamWriter] = []
        self.asked: list[int] = []
        self.bodies: list[bytes] = []
        self.left: list[asyncio.Event] = []
        self.url = ""

    def say(self, connection: int, data: bytes) -> None:
        """Speak without being asked."""
        self._writers[connection].write(data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, left = len(self.left), asyncio.Event()
        self._writers.append(writer)
        self.left.append(left)
        with suppress(asyncio.IncompleteReadError, ConnectionResetError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
                self.asked.append(number)
                self.bodies.append(body)
                writer.write(self._answers.popleft() if len(self._answers) > 1 else self._answers[0])
                if self._hang_up:
                    break
        left.set()
        writer.close()


@asynccontextmanager
async def scripted(*answers: bytes, hang_up: bool = False) -> AsyncIterator[Scripted]:
    """``hang_up``: close after each answer."""
    it = Scripted(*answers, hang_up=hang_up)
    server = await asyncio.start_server(it.serve, "127.0.0.1")
    it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield it
    finally:
        server.close()
        for writer in it._writers:
            writer.close()
        await asyncio.gather(*[left.wait() for left in it.left])
