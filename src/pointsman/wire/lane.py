"""The lane: uvicorn's HTTP protocol with a short way through it for inference requests.

Requests to the inference paths are taken when their head is complete and never become ASGI; everything else goes to
uvicorn as before. Parsing is llhttp's. What uvicorn leaves to a proxy in front is guarded here and in ``guards.py`` for
both: deadlines for heads and bodies, sizes, the Host header, and errors in our shape. tests/contracts/test_uvicorn.py
pins what this relies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol, cast

import httptools

from pointsman.errors import HeadTooLarge, InvalidHeader, PointsmanError, SlowRequest
from pointsman.wire.exchange import Exchange
from pointsman.wire.guards import MAX_HEAD, Guarded, Limits, too_large
from pointsman.wire.outbox import Outbox
from pointsman.wire.sweeper import NEVER, Sweeper

HEAD_TIME, BODY_GRACE, IDLE_TIME, LINGER, STALLED = 10.0, 30.0, 75.0, 5.0, 120.0
"""Seconds: for a head; for a body before its rate counts; between requests; to read on after a refusal; for a caller
that does not take what it asked for."""

LAST_CALL = 1.0
"""Seconds that a connection without a request is kept once the server ends: one may be on its way."""

BODY_RATE = 4096
"""Bytes a second that a body must arrive at after its grace."""

OFFERS = frozenset({b"connection", b"upgrade", b"http2-settings"})


class Service(Limits, Protocol):
    """What the lane serves. ``hot`` maps exact paths to endpoints. ``leaving``: every connection's next response is its
    last.
    """

    leaving: bool

    @property
    def hot(self) -> Mapping[bytes, str]: ...

    @property
    def sweeper(self) -> Sweeper: ...

    @property
    def outbox(self) -> Outbox: ...

    def handle(self, exchange: Exchange, /) -> None:
        """Take a whole request; answer it now or later. Never raises."""
        ...

    def refusal(self, error: PointsmanError, endpoint: str = "", /) -> tuple[int, bytes, bytes]:
        """Status, header lines and body of an error, as callers of the endpoint know them."""
        ...


class Lane(Guarded):
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
        self._serving: Exchange | None = None
        self._refused = False
        self._offered = False  # the request at hand offers to speak another protocol
        self._in_head = True
        self._in_body = False
        self._since: float | None = None  # when the request that is still arriving began to
        self._old: bool | None = None  # the caller speaks HTTP/1.0
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
        if self._refused or self.idle:
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
            status, head, body = self.service.refusal(error, self._hot.get(_path(self.url), ""))
            exchange = Exchange(self, "", {}, keep_alive=False, old=False)
            exchange.respond(status, head, body)
            self.outbox.flush()
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self.deadline = monotonic() + LINGER
            self.flow.resume_reading()
        else:
            self.transport.close()

    # the end of the server

    @property
    def idle(self) -> bool:
        """Nothing is under way, and nothing has begun to arrive."""
        return (self.cycle is None or self.cycle.response_complete) and not (self._in_head and self._head_bytes)

    def leave(self) -> None:
        """The newest request is the last one."""
        if self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Uvicorn's word: no new connection is taken, and those without a request are closed."""
        self.leave()
        if self.idle:
            self.deadline = min(self.deadline, monotonic() + LAST_CALL)

    def stop(self, error: PointsmanError) -> str | None:
        """Time is up: what is under way ends with an error that its caller is told. Returns "stream" or "request"."""
        exchange = self._serving
        if self._refused or self.transport.is_closing():
            return None
        if exchange is not None:
            exchange.keep_alive = False
            exchange.stop(error)
            return "stream" if exchange.started else "request"
        if self.idle:
            self.transport.close()
            return None
        self.refuse(error)
        return "request"

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
        if self._body_bytes > self.service.max_body:
            self.refuse(too_large(self.service.max_body))
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
        stays = self.parser.should_keep_alive() and not self.service.leaving
        exchange = Exchange(self, endpoint, headers, stays, self._old)
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
        if self.service.leaving:
            self.leave()

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


def _path(url: bytes) -> bytes:
    """The path of a request target, which may be a whole URL (RFC 9112, 3.2.2)."""
    if not url.startswith(b"/"):
        try:
            return httptools.parse_url(url).path or b"/"
        except httptools.HttpParserInvalidURLError:
            return b""
    return url.partition(b"?")[0]


def lane_for(service: Service) -> type[Lane]:
    """The protocol class to give to ``uvicorn.Config(http=…)``."""
    return cast("type[Lane]", type("LaneOfThisServer", (Lane,), {"service": service}))
