"""One request on the lane and its one response. Written once, in order, and told when the caller has left.

To uvicorn's protocol it looks like a request cycle (``response_complete``, ``keep_alive``, ``disconnected``,
``more_body``, ``message_event``), so that uvicorn's own requests before and behind it on a connection keep their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from pointsman.model.exchange import JSON

if TYPE_CHECKING:
    from pointsman.errors import PointsmanError
    from pointsman.wire.lane import Lane

STATUS_LINES = {status: f"HTTP/1.1 {status} \r\n".encode() for status in range(200, 600)}
STATUS_LINES |= {s.value: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}
STATUS_LINES[499] = b"HTTP/1.1 499 Client Closed Request\r\n"
STATUS_LINES[529] = b"HTTP/1.1 529 Overloaded\r\n"


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header lines of one name are one list (RFC 9110, 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b"%b, %b" % (found[name], value) if name in found else value
    return found


EVENT_STREAM = b"text/event-stream"
EVENTS = EVENT_STREAM + b"; charset=utf-8"

COMMENT = b": keep-alive\n\n"
"""Server-sent events' way to say nothing; clients pass over it."""


class _NobodyWaits:
    """Stands where uvicorn's cycles have an event: nothing waits for an exchange."""

    def set(self) -> None: ...


class Exchange:
    """``body`` is whole when the service gets it. ``on_gone`` is called once if the response can't be completed: the
    caller has left, or (with an error for the caller) the server waits no longer.
    """

    message_event = _NobodyWaits()

    # What most requests never change stands here, so that beginning one is short.
    body: bytes | bytearray = b""
    more_body = True
    turn = False
    started = False
    speaks = True  # a stream of events, in which an error can be told
    response_complete = False
    disconnected = False
    on_gone: Callable[[PointsmanError | None], None] | None = None
    on_full: Callable[[], None] | None = None
    on_room: Callable[[], None] | None = None

    def __init__(self, lane: Lane, endpoint: str, headers: dict[bytes, bytes], keep_alive: bool, old: bool) -> None:
        self.lane = lane
        self.endpoint = endpoint
        self.headers = headers
        self.keep_alive = keep_alive
        self.old = old  # HTTP/1.0: no chunks; a stream ends with the connection

    @property
    def full(self) -> bool:
        """The caller does not keep up with what is written."""
        return bool(self.lane.flow.write_paused)

    def respond(self, status: int, head: bytes, body: bytes, kind: bytes = JSON) -> None:
        """The whole response. ``head`` are further header lines, each with its line end."""
        if self.response_complete or self.disconnected:
            return
        close = b"" if self.keep_alive else b"connection: close\r\n"
        self._send(
            b"%bcontent-type: %b\r\ncontent-length: %d\r\n%b%b\r\n%b"
            % (STATUS_LINES.get(status) or STATUS_LINES[500], kind, len(body), head, close, body)
        )
        self._end()

    def begin(self, head: bytes, kind: bytes = EVENTS) -> None:
        """The head of a stream, of events unless it is of another kind."""
        if self.disconnected:
            return
        self.started = True
        self.speaks = kind.startswith(EVENT_STREAM)
        if self.old:
            self.keep_alive = False
        framing = b"transfer-encoding: chunked\r\n" if not self.old else b""
        close = b"" if self.keep_alive else b"connection: close\r\n"
        self._send(
            b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncache-control: no-cache\r\n"
            b"x-accel-buffering: no\r\n%b%b%b\r\n" % (kind, framing, head, close)
        )

    def as_is(self) -> None:
        """What is told from now on is in the words that the request came in. Here all is."""

    def write(self, frames: bytes) -> None:
        """Part of a stream."""
        if frames and not self.disconnected:
            self._send(b"%x\r\n%b\r\n" % (len(frames), frames) if not self.old else frames)

    def beat(self) -> None:
        """Say nothing, so that the caller hears that somebody is there."""
        self.write(COMMENT)

    def finish(self) -> None:
        """The stream is complete."""
        if self.response_complete or self.disconnected:
            return
        if not self.old:
            self._send(b"0\r\n\r\n")
        self._end()

    def break_off(self, error: bytes) -> None:
        """The stream ends before its time, and says so in a frame of its own, never with a [DONE]. What is no events
        ends with the connection, and HTTP says that it is not all.
        """
        if self.speaks:
            self.cut(b"data: %b\n\n" % error.replace(b"\n", b"\ndata: "))
        elif not self.response_complete and not self.disconnected:
            self.keep_alive = False
            self._end()

    def cut(self, last: bytes) -> None:
        """The stream ends before its time with these words, and the connection with it."""
        self.write(last)
        self.keep_alive = False
        self.finish()

    def gone(self) -> None:
        """The caller has left. Called by the lane."""
        if self.response_complete or self.disconnected:
            return
        self.disconnected = True
        tell, self.on_gone = self.on_gone, None
        if tell is not None:
            tell(None)

    def stop(self, error: PointsmanError) -> None:
        """The server can wait no longer. Called by the lane."""
        tell, self.on_gone = self.on_gone, None
        if tell is not None:
            tell(error)

    def _end(self) -> None:
        self.response_complete = True
        self.on_gone = self.on_full = self.on_room = None
        self.lane.finished(self)

    def _send(self, data: bytes) -> None:
        lane = self.lane
        lane.outbox.write(lane.transport, data)
