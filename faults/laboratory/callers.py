"""Callers that notice everything: what came, in which words, how it ended, and when.

They read HTTP with llhttp and server-sent events by hand, so that they share nothing with the gateway's own reading.
"""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import Any

import msgspec
from httptools import HttpParserError, HttpResponseParser

CHAT = "/v1/chat/completions"
PATIENCE = 20.0
"""Seconds after which a caller says that it hung."""

TOKENS = 24
"""Length of an answer unless told otherwise."""

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError)


class Answer(msgspec.Struct):
    """What a caller got. ``ended``: whole (by HTTP's rules), cut, refused (no connection) or hung.

    ``seconds`` until its end, ``first`` until its first byte.
    """

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""
    ended: str = "cut"
    seconds: float = 0.0
    first: float = 0.0

    @property
    def streamed(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def frames(self) -> list[Any]:
        """The data of a stream's events, in order; unreadable ones are None."""
        return [_read(line[6:]) for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def json(self) -> Any:
        return _read(self.body)

    @property
    def text(self) -> str:
        """The words of the first choice, as an SDK puts them together."""
        if not self.streamed:
            return _words(self.json, "message")
        return "".join(_words(frame, "delta") for frame in self.frames)

    @property
    def failed(self) -> bool:
        """It says of itself that it is no answer: an error status, or an error within."""
        return self.status >= 400 or any(_tells(frame) for frame in (self.frames if self.streamed else [self.json]))

    @property
    def whole(self) -> bool:
        """It looks like a complete answer to a caller who checks all there is to check."""
        if self.status != 200 or self.ended != "whole" or self.failed:
            return False
        frames = self.frames if self.streamed else [self.json]
        finished = any(_finish(frame) for frame in frames)
        return finished and (not self.streamed or frames[-1] == "[DONE]")

    @property
    def believed(self) -> bool:
        """A careless SDK takes it for an answer: status 200, and no error frame or broken connection says otherwise."""
        return self.status == 200 and self.ended == "whole" and not self.failed

    @property
    def code(self) -> str:
        """The error's code, if it tells one."""
        for frame in self.frames if self.streamed else [self.json]:
            if _tells(frame):
                return str(frame["error"].get("code"))
        return ""


def _read(data: bytes) -> Any:
    if data == b"[DONE]":
        return "[DONE]"
    try:
        return msgspec.json.decode(data)
    except NOT_JSON:
        return None


def _choice(frame: Any) -> dict[str, Any]:
    choices = frame.get("choices") if isinstance(frame, dict) else None
    return choices[0] if choices else {}


def _words(frame: Any, where: str) -> str:
    return (_choice(frame).get(where) or {}).get("content") or ""


def _finish(frame: Any) -> bool:
    return bool(_choice(frame).get("finish_reason"))


def _tells(frame: Any) -> bool:
    return isinstance(frame, dict) and isinstance(frame.get("error"), dict)


def question(*, stream: bool, model: str = "m", text: str = "hi", **more: Any) -> dict[str, Any]:
    """A chat request's body. The answer has exactly ``TOKENS`` tokens, one word each."""
    body = {"model": model, "stream": stream, "max_tokens": TOKENS, "ignore_eos": True}
    return {**body, "messages": [{"role": "user", "content": text}], **more}


def written(body: dict[str, Any], headers: tuple[str, ...] = ("connection: close",)) -> bytes:
    payload = msgspec.json.encode(body)
    lines = [f"POST {CHAT} HTTP/1.1", "host: x", f"content-length: {len(payload)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + payload


class _Listener:
    """What llhttp calls."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.over = True


async def ask(port: int, body: dict[str, Any], *headers: str, patience: float = PATIENCE) -> Answer:
    """Ask once, on a connection of its own, and read to the end."""
    answer, began = Answer(), monotonic()
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(written(body, ("connection: close", *headers)))
                await _listen(reader, answer, began)
            finally:
                writer.close()
    except TimeoutError:
        answer.ended = "hung"
    except ConnectionRefusedError:
        answer.ended = "refused"
    except (ConnectionResetError, BrokenPipeError, HttpParserError):
        answer.ended = "cut"
    answer.seconds = monotonic() - began
    return answer


async def _listen(reader: asyncio.StreamReader, answer: Answer, began: float) -> None:
    listener = _Listener()
    parser = HttpResponseParser(listener)
    try:
        while not listener.over:
            data = await reader.read(65536)
            if not data:
                return
            answer.first = answer.first or monotonic() - began
            parser.feed_data(data)
        answer.ended = "whole"
    finally:
        with contextlib.suppress(HttpParserError):
            answer.status = parser.get_status_code()
        answer.headers, answer.body = listener.headers, b"".join(listener.body)


async def whole_stream(port: int, body: dict[str, Any]) -> bytes:
    """Every byte of a stream that ends by HTTP's rules, on a connection that stays."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(written(body, ()))
        raw = await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.close()
    return raw


class Leaving:
    """A caller that asks, and leaves when told to."""

    def __init__(self, port: int, body: dict[str, Any]) -> None:
        self._port = port
        self._body = body
        self._writer: asyncio.StreamWriter | None = None
        self.reader: asyncio.StreamReader

    async def ask(self) -> None:
        self.reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(written(self._body))

    def leave(self) -> None:
        if self._writer is not None:
            self._writer.close()
