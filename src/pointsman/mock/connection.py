"""One client's connection: llhttp parses, requests queue up, one exchange at a time answers. No dialect, no pace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from pointsman.mock.exchange import Exchange
from pointsman.mock.message import Reply, Request, reply_head

if TYPE_CHECKING:
    from pointsman.mock.ledger import Entry
    from pointsman.mock.site import Site

MAX_BODY = 128 * 1024 * 1024
"""Bytes a request's body may have."""

MAX_QUEUED = 64
"""Pipelined requests waiting before reading pauses."""

RST_ON_CLOSE = struct.pack("ii", 1, 0)
FLUSH_TRIES = 200


class Connection(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self.site = site
        self._transport: asyncio.Transport | None = None
        self._parser = HttpRequestParser(self)
        self._queue: deque[tuple[Request, Entry | None]] = deque()
        self._current: Exchange | None = None
        self._pumping = False
        self._last = False
        self._paused = False
        self._url = b""
        self._size = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.site.connections.add(self)
        if self.site.deaf:
            self.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._reject(Reply(b"", 400))
        except HttpParserError:
            self._reject(Reply(b"", 400))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        current, self._current = self._current, None
        if current is not None:
            current.stop()
            self.site.ledger.close(current.entry, client_closed=True)
        for _, entry in self._queue:
            if entry is not None:
                self.site.ledger.close(entry, client_closed=True)
        self._queue.clear()
        self.site.forget(self)

    def pause_writing(self) -> None:
        if self._current is not None:
            self._current.pause()

    def resume_writing(self) -> None:
        if self._current is not None:
            self._current.resume()

    # ---- llhttp's side

    def on_message_begin(self) -> None:
        self._url = b""
        self._size = 0
        self._headers = []
        self._body = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if (b"expect", b"100-continue") in self._headers and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY:
            self._reject(Reply(b"", 413))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._last:
            return
        path, _, query = self._url.partition(b"?")
        request = Request(
            self._parser.get_method().decode(),
            unquote(path.decode("latin-1")) if b"%" in path else path.decode("latin-1"),
            query.decode("latin-1"),
            self._headers,
            b"".join(self._body),
            self._parser.should_keep_alive(),
            self._parser.get_http_version() != "1.0",
            target=self._url,
        )
        self._queue.append((request, self.site.receive(request)))
        if len(self._queue) > MAX_QUEUED and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._pump()

    # ---- answering, in order

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._queue and self._current is None and self._transport is not None and not self._last:
                self._next()
        finally:
            self._pumping = False

    def _next(self) -> None:
        request, entry = self._queue.popleft()
        if self._paused and not self._queue and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        if entry is None:
            reply = self.site.administer(request, self)
            self.write(reply_head(reply, b"", keep_alive=request.keep_alive) + reply.body, None)
            if not request.keep_alive:
                self.hang_up()
            return
        self._current = Exchange(self, request, entry)
        self._current.start()

    def write(self, data: bytes, entry: Entry | None) -> None:
        if self._transport is not None:
            self._transport.write(data)
            if entry is not None:
                entry.bytes_sent += len(data)

    def done(self, *, keep_alive: bool) -> None:
        """The answer under way is complete."""
        current, self._current = self._current, None
        if current is not None:
            self.site.ledger.close(current.entry, finished=True)
        if keep_alive and not self._last:
            self._pump()
        else:
            self.hang_up()

    # ---- ways to end

    @property
    def idle(self) -> bool:
        return self._current is None and not self._queue

    def hang_up(self) -> None:
        """Close after what is written has gone out; an answer under way ends here, by our doing."""
        self._settle()
        if self._transport is not None:
            self._transport.close()

    def hang_up_when_idle(self) -> None:
        self._last = True
        if self.idle:
            self.hang_up()

    def abort(self) -> None:
        """Close at once with an RST; what is not sent yet is lost."""
        self._settle()
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            self._transport.abort()

    def reset(self, tries: int = FLUSH_TRIES) -> None:
        """RST after what is written has left this process; a client that does not read gets it after a while."""
        self._settle()
        if self._transport is None:
            return
        loop = self.site.loop
        if tries == FLUSH_TRIES:
            loop.call_soon(self.reset, tries - 1)
        elif tries > 0 and self._transport.get_write_buffer_size():
            loop.call_later(0.005, self.reset, tries - 1)
        else:
            self.abort()

    def _settle(self) -> None:
        self._last = True
        current, self._current = self._current, None
        if current is not None:
            current.stop()
            self.site.ledger.close(current.entry)
        for _, entry in self._queue:
            if entry is not None:
                self.site.ledger.close(entry)
        self._queue.clear()

    def _reject(self, reply: Reply) -> None:
        """What llhttp refuses ends the connection; an answer under way is not spoilt with a second head."""
        if self._current is None and not self._last:
            self.write(reply_head(reply, self.site.kind.server, keep_alive=False), None)
        self.hang_up()
