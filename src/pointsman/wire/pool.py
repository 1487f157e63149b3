"""Connections to upstreams: kept alive, at most so many a place, opened when none is free.

One Pool a provider. The newest idle connection is used first; one that was idle for too long is closed, because many
servers close theirs after five seconds and a request sent into that moment is lost.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import Callable
from time import monotonic

import httptools

from pointsman.flow.effects import Call, Failed
from pointsman.model.deployment import Provider
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Key
from pointsman.wire.origin import head_of, origin_of, tls_context
from pointsman.wire.outbox import Outbox
from pointsman.wire.sweeper import Sweeper
from pointsman.wire.upstream import Resume, Upstream

MOST = 1000
"""Connections a provider. More requests wait for a free one, within their own deadline."""

CONNECT_TIMEOUT = 5.0
IDLE_PLAIN, IDLE_TLS = 4.0, 30.0
"""Seconds an idle connection is trusted: uvicorn-based servers close after 5, hosted APIs after a minute or more."""

MOST_HEADS = 1000
"""Heads remembered: where a path has a model's name in it, callers may choose that."""

Cancel = Callable[[], None]


class Waiter:
    """A call without a connection yet. The sweeper ends it when its time is up."""

    __slots__ = ("call", "deadline", "head", "pool", "resume", "since", "task", "upstream")

    def __init__(self, pool: Pool, head: bytes, call: Call, resume: Resume, since: float) -> None:
        self.pool = pool
        self.head = head
        self.call = call
        self.resume = resume
        self.task: asyncio.Task[None] | None = None
        self.upstream: Upstream | None = None
        self.since = since
        self.deadline = since + call.timeout

    def expire(self) -> None:
        self.cancel()
        self.resume(Failed(FailureKind.CONNECT_TIMEOUT, f"no connection within {self.call.timeout:g} s"))

    def cancel(self) -> None:
        self.pool.sweeper.forget(self)
        if self.upstream is not None:
            self.upstream.cancel()
        elif self.task is not None:
            self.task.cancel()
        elif self in self.pool.waiting:
            self.pool.waiting.remove(self)


class Pool:
    """All connections to one provider. Belongs to one event loop."""

    def __init__(self, provider: Provider, loop: asyncio.AbstractEventLoop, sweeper: Sweeper, outbox: Outbox) -> None:
        self.provider = provider
        self.origin = origin_of(provider)
        self.sweeper = sweeper
        self.outbox = outbox
        self.waiting: deque[Waiter] = deque()
        self._loop = loop
        self._idle: list[Upstream] = []
        self._open = 0
        self._heads: dict[str, bytes] = {}
        self._keyed: dict[tuple[str, Key], bytes] = {}
        self._idle_for = IDLE_TLS if self.origin.tls else IDLE_PLAIN

    def ask(self, call: Call, resume: Resume) -> Cancel:
        """Send on an idle connection, or open one, or wait for one. Returns how to cancel."""
        path = call.request.path
        head = self._heads.get(path) if call.key is None else self._keyed.get((path, call.key))
        if head is None:
            head = self._head(call)
        idle = self._idle
        while idle:
            upstream = idle.pop()
            if not upstream.closing():
                upstream.ask(head, call, resume)
                return upstream.cancel
        return self.again(head, call, resume, monotonic()).cancel

    def _head(self, call: Call) -> bytes:
        """Made and kept, for a while."""
        path, key = call.request.path, call.key
        if len(self._heads) + len(self._keyed) >= MOST_HEADS:
            self._heads.clear()
            self._keyed.clear()
        head = head_of(self.provider, self.origin, path, call.request.method, key)
        if key is None:
            self._heads[path] = head
        else:
            self._keyed[path, key] = head
        return head

    def again(self, head: bytes, call: Call, resume: Resume, since: float) -> Waiter:
        """Ask on a new connection, or wait until there may be one. ``since`` is when the call's time began to run."""
        waiter = Waiter(self, head, call, resume, since)
        self.sweeper.watch(waiter)
        if self._open < MOST:
            self._begin(waiter)
        else:
            self.waiting.append(waiter)
        return waiter

    def free(self, connection: Upstream) -> None:
        """A connection has nothing to do: the longest waiting call gets it."""
        if self.waiting and not connection.closing():
            self._hand(self.waiting.popleft(), connection)
        else:
            connection.deadline = monotonic() + self._idle_for
            self._idle.append(connection)

    def lost(self, connection: Upstream) -> None:
        self.sweeper.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._make_room()

    def close(self) -> None:
        """Close what is idle; what is in use closes when its call is over."""
        for connection in list(self._idle):
            connection.abort()

    def _hand(self, waiter: Waiter, connection: Upstream) -> None:
        self.sweeper.forget(waiter)
        waiter.upstream = connection
        connection.ask(waiter.head, waiter.call, waiter.resume, waiter.since)

    def _make_room(self) -> None:
        """One connection less, or one that did not come about: the longest waiting call may open its own."""
        self._open -= 1
        if self.waiting and self._open < MOST:
            self._begin(self.waiting.popleft())

    def _begin(self, waiter: Waiter) -> None:
        self._open += 1
        waiter.task = self._loop.create_task(self._connect(waiter))

    async def _connect(self, waiter: Waiter) -> None:
        failed: Failed
        connection: Upstream | None = None
        try:
            async with asyncio.timeout(min(CONNECT_TIMEOUT, waiter.call.timeout)):
                connection = await self._dial()
            self.sweeper.watch(connection)
            waiter.task = None
        except asyncio.CancelledError:
            if connection is None:
                self._make_room()
            raise
        except TimeoutError:
            failed = Failed(FailureKind.CONNECT_TIMEOUT, "no connection in time")
        except ssl.SSLError as error:
            failed = Failed(FailureKind.REFUSED, f"TLS: {error.reason or 'handshake failed'}")
        except ProxyRefused as error:
            failed = Failed(FailureKind.REFUSED, str(error))
        except OSError as error:
            failed = Failed(FailureKind.REFUSED, _reason(error))
        else:
            self._hand(waiter, connection)
            return
        self.sweeper.forget(waiter)
        self._make_room()
        waiter.resume(failed)

    async def _dial(self) -> Upstream:
        origin = self.origin
        context = tls_context() if origin.tls else None
        if origin.proxy is None:
            name = origin.host if origin.tls else None
            _, upstream = await self._loop.create_connection(
                lambda: Upstream(self), origin.host, origin.port, ssl=context, server_hostname=name
            )
            return upstream
        host, port, user = origin.proxy
        if context is None:
            _, upstream = await self._loop.create_connection(lambda: Upstream(self), host, port)
            return upstream
        transport, tunnel = await self._loop.create_connection(lambda: Tunnel(self._loop), host, port)
        try:
            await tunnel.connect(f"{origin.host}:{origin.port}", user)
            upstream = Upstream(self)
            secured = await self._loop.start_tls(transport, upstream, context, server_hostname=origin.host)
        except BaseException:
            transport.abort()
            raise
        if secured is None:
            raise ConnectionResetError
        upstream.connection_made(secured)
        return upstream


class ProxyRefused(Exception):  # noqa: N818  says what happened
    """The HTTP proxy did not open a tunnel."""


class Tunnel(asyncio.Protocol):
    """Speaks CONNECT to an HTTP proxy until it agrees; then TLS takes over the transport."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._agreed: asyncio.Future[int] = loop.create_future()
        self._transport: asyncio.Transport | None = None

    async def connect(self, target: str, user: str | None) -> None:
        key = ""
        if user is not None:
            key = f"proxy-authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"
        head = f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{key}\r\n"
        self._transport.write(head.encode("latin-1"))  # type: ignore[union-attr]
        status = await self._agreed
        if status != 200:
            raise ProxyRefused(f"the HTTP proxy answered {status}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self._settle(0)

    def on_headers_complete(self) -> None:
        self._settle(self._parser.get_status_code())

    def connection_lost(self, _exc: Exception | None) -> None:
        self._settle(0)

    def _settle(self, status: int) -> None:
        if not self._agreed.done():
            self._agreed.set_result(status)


def _reason(error: OSError) -> str:
    """What went wrong, without the address that an OSError's own text would tell."""
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset while connecting"
    name = type(error).__name__
    return "its name does not resolve" if name == "gaierror" else f"not reachable ({error.errno or name})"
