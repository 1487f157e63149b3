"""The upstream of the SSE runs: a small HTTP server that streams tokens at a fixed pace. No logic of a model.

Written at protocol level so that 256 streams at 50 tokens a second leave the load core room for the client.
The first token goes out as soon as the request is read; token k is due k intervals later, on an absolute
clock, so that a late one does not shift the rest. Run as a script: ``sse_upstream.py PORT``.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import Any, cast

import httptools
import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from load.body import MODEL, SECONDS_BETWEEN_TOKENS, SHORT, TOKENS, anything, completion, models

SECONDS_TO_END = 0.002  # of a stream of a single token, so that its end does not travel with its token
ONE_TOKEN = SHORT.encode()
CHAT_SUFFIX = b"/chat/completions"


class Asked(msgspec.Struct):
    """What matters of a request."""

    stream: bool = False


def _framed(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {
        "id": "chatcmpl-0123456789abcdef",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": MODEL,
        "choices": [choice],
    }
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
FIRST = HEAD + _framed(_event({"role": "assistant", "content": "word@ "}, None))
TOKEN = _framed(_event({"content": "word@ "}, None))
LAST = _framed(_event({}, "stop")) + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _plain(payload: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(payload)}\r\n\r\n"
    return head.encode() + payload


ANSWERS = {b"/v1/models": _plain(models())}
COMPLETION = _plain(completion())
ANYTHING = _plain(anything())


class Upstream(asyncio.Protocol):
    """One connection: parses with llhttp, answers, paces."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._decoder = msgspec.json.Decoder(Asked)
        self._timer: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self._sent = 0
        self._url = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._url.endswith(CHAT_SUFFIX):
            self.transport.write(ANSWERS.get(self._url, ANYTHING))
            return
        if not self._decoder.decode(self._body).stream:
            self.transport.write(COMPLETION)
            return
        self._begun, self._sent = self._loop.time(), 1
        self.transport.write(FIRST)
        if ONE_TOKEN in self._body:
            self._timer = self._loop.call_later(SECONDS_TO_END, self._send_end)
        else:
            self._plan_next()

    def _plan_next(self) -> None:
        due = self._begun + self._sent * SECONDS_BETWEEN_TOKENS
        self._timer = self._loop.call_at(due, self._send_next)

    def _send_end(self) -> None:
        self._timer = None
        self.transport.write(LAST)

    def _send_next(self) -> None:
        self._sent += 1
        if self._sent == TOKENS:
            self._timer = None
            self.transport.write(TOKEN + LAST)
        else:
            self.transport.write(TOKEN)
            self._plan_next()


async def serve(port: int) -> None:
    """Serves on loopback until it is ended."""
    server: Any = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=4096)
    gc.freeze()
    gc.disable()  # a pause here would be counted as a stall of the competitor
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
