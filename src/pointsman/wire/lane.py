"""The lane: uvicorn's HTTP protocol with a short way through it for inference requests.

Requests to the inference paths are taken when their head is complete and never become ASGI; everything else goes to
uvicorn as before. Parsing is llhttp's. What uvicorn leaves to a proxy in front is guarded here for both: deadlines
for heads and bodies, sizes, the Host header, and errors in our shape. tests/contracts/test_uvicorn.py pins what
this relies on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pointsman.errors import HeadTooLarge, InvalidHeader, PayloadTooLarge, PointsmanError, SlowRequest, UnsupportedMedia
from pointsman.wire.exchange import Exchange, joined
from pointsman.wire.outbox import Outbox
from pointsman.wire.sweeper import NEVER, Sweeper

MAX_HEAD = 64 * 1024
"""Bytes of a request head, request line included."""

HEAD_TIME, BODY_GRACE, IDLE_TIME, LINGER, STALLED = 10.0, 30.0, 75.0, 5.0, 120.0
"""Seconds: for a head; for a body before its rate counts; between requests; to read on after a refusal; for a caller
that does not take what it asked for."""

BODY_RATE = 4096
"""Bytes a second that a body must arrive at after its grace."""

HOST = re.compile(rb"(?:[A-Za-z0-9._~%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
"""RFC 3986 host and port, without user information."""


OFFERS = frozenset({b"connection", b"upgrade", b"http2-settings"})

ONCE = (b"host", b"authorization", b"x-api-key", b"content-length", b"transfer-encoding")
"""Headers that two readers could understand differently if they stood twice."""


class Service(Protocol):
    """What the lane serves. ``hot`` maps exact paths to endpoints; ``max_body`` is bytes."""

    max_body: int

    @property
    def hot(self) -> Mapping[bytes, str]: ...

    @property
    def sweeper(self) -> Sweeper: ...

    @property
    def outbox(self) -> Outbox: ...

    def handle(self, exchange: Exchange, /) -> None:
        """Take a whole request; answer it now or later. Never raises."""
        ...

    def refusal(self, error: PointsmanError, /) -> tuple[int, bytes, bytes]:
        """Status, header lines and body of an error."""
        ...


class Lane(HttpToolsProtocol):
    """One connection from a caller."""

    service: Service
    """Set by ``lane_for`` on the class."""

    cycle: Any
    """The newest request on the connection: one of ours, an Exchange, or one of uvicorn's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sweeper = self.service.sweeper
        self.outbox = self.service.outbox
        self._hot = self.service.hot
        self._max_body = self.service.max_body
        self._serving: Exchange | None = None
        self._refused = False
        self._offered = False  # the request at hand offers to speak another protocol
        self._in_head = True
        self._in_body = False
        self._since: float | None = None  # when the request that is still arriving began to
        self._old: bool | None = None  # the caller speaks HTTP/1.0
        self._host: bytes | None = None  # the last one that was found well-formed
        self._head_bytes = 0
        self._fed = 0
        self._body_bytes = 0
        self.url = b""
        self.deadline = NEVER

    # the connection

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.deadline = monotonic() + HEAD_TIME
        self._sweeper.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sweeper.forget(self)
        serving, self._serving = self._serving, None
        if serving is not None:
            self.outbox.crowd -= 1
            serving.gone()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        head = self._in_head
        self._fed = len(data)
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.refuse(InvalidHeader("this is not a valid HTTP/1.1 request"))
            return
        if (self._in_head or self._in_body) and not self._refused:
            self._await_more(len(data) if head else 0)

    def _decline(self, rest: bytes) -> None:
        """A caller offers to speak another protocol (h2c, WebSocket). llhttp would leave the body alone, so a fresh
        parser gets the request again without the offer. A second offer in the same breath is refused.
        """
        if self._refused:
            return
        kept = [(name, value) for name, value in self.headers if name not in OFFERS]
        lines = b"".join(b"%b: %b\r\n" % header for header in kept)
        head = b"%b %b HTTP/1.1\r\n%b\r\n" % (self.parser.get_method(), self.url, lines)
        self._offered = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        try:
            self.parser.feed_data(head + rest)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):
            self.refuse(InvalidHeader("this is not a valid HTTP/1.1 request"))

    def _await_more(self, fed: int) -> None:
        """The request has not arrived whole: watch its size and its time, which most requests never need."""
        if self._serving is not None:
            return
        if self._in_head:
            self._head_bytes += fed
            if self._head_bytes > MAX_HEAD:
                self.refuse(HeadTooLarge(f"the request head is larger than {MAX_HEAD} bytes"))
                return
            if self._head_bytes == 0:
                return  # between requests
        if self._since is None:
            self._since = monotonic()
        grace = HEAD_TIME if self._in_head else BODY_GRACE + self._body_bytes / BODY_RATE
        self.deadline = self._since + grace

    def expire(self) -> None:
        """The sweeper's word."""
        self.deadline = NEVER
        if self._refused or (self._in_head and self._head_bytes == 0):
            self.transport.abort()
        elif self._serving is not None:
            self.transport.abort()  # the caller does not take its answer
        elif self.cycle is None or self.cycle.response_complete or isinstance(self.cycle, Exchange):
            part = "head" if self._in_head else "body"
            self.refuse(SlowRequest(f"the request {part} did not arrive in time"))
        else:
            self.transport.abort()

    def refuse(self, error: PointsmanError) -> None:
        """Answer with an error, read no more, and close once the caller had time to read it."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        cycle = self.cycle
        if cycle is not None and type(cycle) is not Exchange and not cycle.response_complete:
            if cycle.response_started:
                self.transport.abort()
                return
            cycle.disconnected = True  # what the application still says goes nowhere
            cycle.message_event.set()
        if self._serving is None:
            status, head, body = self.service.refusal(error)
            exchange = Exchange(self, "", {}, keep_alive=False, old=False)
            exchange.respond(status, head, body)
            self.outbox.flush()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.deadline = monotonic() + LINGER
            self.flow.resume_reading()
        else:
            self.transport.close()

    # llhttp's callbacks

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._in_head = True
        self._head_bytes = 0
        self._since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._body_bytes = 0
        if self._refused:
            return
        if self.parser.should_upgrade():
            self._offered = True
            if self.parser.get_method() == b"CONNECT":
                self.refuse(InvalidHeader("this is not a proxy"))
            return
        headers = dict(self.headers)
        self.expect_100_continue = b"expect" in headers and headers[b"expect"].lower() == b"100-continue"
        if (problem := self._problem(headers)) is not None:
            self.refuse(problem)
            return
        endpoint = self._hot.get(self.url) or self._hot.get(_path(self.url))
        if endpoint is not None and self.parser.get_method() == b"POST":
            self._take(endpoint, headers)
        else:
            self._leave_to_uvicorn()

    def on_body(self, body: bytes) -> None:
        if self._refused or self._offered:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self._max_body:
            self.refuse(_too_large(self._max_body))
            return
        cycle = self.cycle
        if type(cycle) is not Exchange:
            super().on_body(body)
        elif not cycle.body:
            cycle.body = body
        else:
            if type(cycle.body) is bytes:
                cycle.body = bytearray(cycle.body)
            cycle.body += body

    def on_message_complete(self) -> None:
        if self._refused or self._offered:
            return
        self._in_body = False
        self.deadline = NEVER
        cycle = self.cycle
        if type(cycle) is Exchange:
            cycle.more_body = False
            if cycle.turn:
                self._serve(cycle)
        else:
            super().on_message_complete()

    # taking turns

    def _take(self, endpoint: str, headers: dict[bytes, bytes]) -> None:
        if self._old is None:
            self._old = self.parser.get_http_version() == "1.0"
        exchange = Exchange(self, endpoint, headers, self.parser.should_keep_alive(), self._old)
        before = self.cycle
        self.cycle = exchange
        if before is None or before.response_complete:
            exchange.turn = True
            if self.expect_100_continue:
                self.outbox.write(self.transport, b"HTTP/1.1 100 Continue\r\n\r\n")
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _leave_to_uvicorn(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        try:
            super().on_headers_complete()
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError, AttributeError):
            self.refuse(InvalidHeader("the request target is not a valid path"))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """A request's turn has come."""
        if type(cycle) is not Exchange:
            super()._start_asgi_task(cycle, app)
            return
        cycle.turn = True
        if not cycle.more_body:
            self._serve(cycle)

    def _serve(self, exchange: Exchange) -> None:
        self._serving = exchange
        self.outbox.crowd += 1
        self.service.handle(exchange)

    def finished(self, exchange: Exchange) -> None:
        """An exchange has written its response: the next in line, or nothing to do."""
        if self._serving is not None:
            self._serving = None
            self.outbox.crowd -= 1
        self.server_state.total_requests += 1
        if not exchange.keep_alive:
            if not self._refused:
                self.outbox.flush()
                self.transport.close()
        elif self.cycle is exchange:
            self._in_head = True
            self._head_bytes = 0
            self.deadline = monotonic() + IDLE_TIME
        elif not self.transport.is_closing():
            self._go_on()

    def _go_on(self) -> None:
        """More has arrived behind the request that was just answered."""
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._in_body:
            self._await_more(0)

    # back-pressure

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._serving is not None:
            self.deadline = monotonic() + STALLED
            if self._serving.on_full is not None:
                self._serving.on_full()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._serving is not None:
            self.deadline = NEVER
            if self._serving.on_room is not None:
                self._serving.on_room()

    # guards

    def _problem(  # noqa: PLR0911  a list of refusals
        self, headers: dict[bytes, bytes]
    ) -> PointsmanError | None:
        """What is wrong with a head, for every kind of request."""
        if self._head_bytes + self._fed > MAX_HEAD and self._head_size() > MAX_HEAD:
            return HeadTooLarge(f"the request head is larger than {MAX_HEAD} bytes")
        host = headers.get(b"host")
        if host != self._host or host is None:
            if host is None and self.parser.get_http_version() != "1.0":
                return InvalidHeader("the Host header is missing")
            if host is not None and HOST.fullmatch(host) is None:
                return InvalidHeader("the Host header is malformed")
            self._host = host
        if len(headers) != len(self.headers) and (name := self._join(headers)) is not None:
            return InvalidHeader(f"the header {name} stands more than once")
        if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
            return UnsupportedMedia("a compressed request body is not taken; send it as it is")
        if b"content-length" in headers:
            if b"transfer-encoding" in headers:
                return InvalidHeader("content-length and transfer-encoding contradict each other")
            if int(headers[b"content-length"]) > self._max_body:
                return _too_large(self._max_body)
        return None

    def _head_size(self) -> int:
        """What was fed may hold a body too, so the head is counted by itself."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _join(self, headers: dict[bytes, bytes]) -> str | None:
        """Make lines of one name one list; a header that must not stand twice and does is returned."""
        headers.update(joined(self.headers))
        names = [name for name, _ in self.headers]
        return next((name.decode() for name in ONCE if names.count(name) > 1), None)


def _path(url: bytes) -> bytes:
    """The path of a request target, which may be a whole URL (RFC 9112, 3.2.2)."""
    if not url.startswith(b"/"):
        try:
            return httptools.parse_url(url).path or b"/"
        except httptools.HttpParserInvalidURLError:
            return b""
    return url.partition(b"?")[0]


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the request body is larger than {most} bytes")


def lane_for(service: Service) -> type[Lane]:
    """The protocol class to give to ``uvicorn.Config(http=…)``."""
    return cast("type[Lane]", type("LaneOfThisServer", (Lane,), {"service": service}))
