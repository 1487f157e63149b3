"""One request as it came, one answer as it will go, and HTTP/1.1 heads. No socket, no clock, no dialect.

Parsing is llhttp's; what is here only puts bytes together.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from pointsman.mock.form import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = b"application/json"
SSE = b"text/event-stream; charset=utf-8"
NDJSON = b"application/x-ndjson"
TEXT = b"text/plain; charset=utf-8"

encode = msgspec.json.Encoder().encode


class Request(msgspec.Struct):
    """``path`` is percent-decoded, ``target`` is it with its query as it came; ``chunked`` is false for HTTP/1.0
    clients; ``fields`` is the JSON object sent. ``route`` is the path as the kind's routes have it, ``named`` the model
    that it names. ``form`` is the multipart form sent, if it was one.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    keep_alive: bool
    chunked: bool
    number: int = 0
    fields: dict[str, Any] = {}
    target: bytes = b""
    route: str = ""
    named: str = ""
    form: Form | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What stands in the body by name: files aside."""
        return self.fields if self.form is None else {**self.form.texts}

    @property
    def model(self) -> str:
        """The model that is asked, wherever it is said."""
        model = self.said.get("model")
        return model if isinstance(model, str) else self.named

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


class Reply(msgspec.Struct, frozen=True):
    """A whole answer. ``headers`` are ready lines, each with its CRLF. ``tokens`` set the pace, ``wait`` seconds add.

    ``slow`` is true where a model had to work for it: only then latency counts.
    """

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: bytes = b""
    tokens: int = 0
    slow: bool = False
    wait: float = 0.0


class Stream(msgspec.Struct):
    """An answer token by token: ``opening`` goes with the first of ``steps``, ``closing`` with the last.

    ``eager`` servers send the head before the first token exists, the others with it. ``held``: the connection stays
    open behind the closing, as if more were to come. ``end`` is what of the closing says that the answer is complete.
    ``broken`` is an error after so many steps, where the server words it by what it has said before.
    """

    content_type: bytes
    steps: Iterator[bytes]
    opening: bytes = b""
    closing: bytes = b""
    headers: bytes = b""
    eager: bool = False
    wait: float = 0.0
    held: bool = False
    end: bytes = b""
    broken: Callable[[int], bytes] | None = None


Answer = Reply | Stream


class Refused(Exception):  # noqa: N818 - not an error: how a handler says no; it never leaves this room
    """What a handler will not do; the kind gives it its dialect's shape. ``param`` and ``code`` are OpenAI's words."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None, why: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.why = why


def json_reply(value: Any, status: int = 200, headers: bytes = b"", tokens: int = 0, *, slow: bool = False) -> Reply:
    return Reply(encode(value), status, JSON, headers, tokens, slow)


def header_lines(pairs: dict[str, str]) -> bytes:
    """Ready lines; line breaks in a value are dropped, so that no value can become two headers."""
    lines = [f"{name}: {value}\r\n" for name, value in pairs.items()]
    return "".join(line.replace("\r", "").replace("\n", "") + "\r\n" for line in lines).encode("latin-1", "replace")


def reply_head(reply: Reply, server: bytes, *, keep_alive: bool) -> bytes:
    """The head of a whole answer, with its length."""
    return b"%bcontent-type: %b\r\ncontent-length: %d\r\n%b%b%b\r\n" % (
        status_line(reply.status),
        reply.content_type,
        len(reply.body),
        server,
        reply.headers,
        b"" if keep_alive else b"connection: close\r\n",
    )


def stream_head(stream: Stream, server: bytes, *, keep_alive: bool, chunked: bool) -> bytes:
    """The head of a stream; an HTTP/1.0 client reads until the connection closes."""
    return b"%bcontent-type: %b\r\ncache-control: no-cache\r\n%b%b%b%b\r\n" % (
        status_line(200),
        stream.content_type,
        b"transfer-encoding: chunked\r\n" if chunked else b"",
        server,
        stream.headers,
        b"" if keep_alive and chunked else b"connection: close\r\n",
    )


@lru_cache(maxsize=256)
def status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
