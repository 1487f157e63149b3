"""One connection to an upstream: asked one thing at a time, read by llhttp, given back for the next.

It owns no policy: what a reply means is the reader's and the dialect's business. Every call is answered exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Protocol

import httptools

from pointsman.flow.effects import Call, Ended, Failed, Opened, Reply
from pointsman.model.exchange import Answered, StreamReader
from pointsman.model.outcome import FailureKind
from pointsman.wire.outbox import Outbox
from pointsman.wire.sweeper import NEVER
from pointsman.wire.unheard import unheard

MAX_REPLY = 64 * 1024 * 1024
"""Bytes of a whole reply; more is not an answer but an accident."""

LAST_FRAMES, LAST_WORDS = 5.0, 1.0
"""Seconds an upstream may take to say that a stream is complete whose answer is; and then to end it."""

MAX_HEAD = 64 * 1024
MAX_HELD = 256 * 1024
"""Bytes of a stream held back before its first content; a well-behaved upstream sends a few hundred."""

Resume = Callable[[Reply], None]


class Sink(Protocol):
    """Who receives a stream's frames."""

    def write(self, frames: bytes, /) -> None: ...


class Elsewhere(Protocol):
    """A call that was taken to another connection."""

    def cancel(self) -> None: ...


class Home(Protocol):
    """Where a connection goes when it is free, or gone."""

    def free(self, connection: Upstream, /) -> None: ...

    def lost(self, connection: Upstream, /) -> None: ...

    def again(self, head: bytes, call: Call, resume: Resume, since: float, /) -> Elsewhere: ...

    @property
    def outbox(self) -> Outbox: ...


class Upstream(asyncio.Protocol):
    """States: idle (no ``call``), asked, streaming (``_relay`` unset: held back until content; set: passed on)."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._headers: dict[bytes, bytes] = {}
        self.on_header = self._headers.__setitem__  # llhttp's callback, without a Python frame
        self._keep: list[bool] = []  # not empty: the connection may be used again
        self._kept = False  # it was used before
        self._head = b""
        self._elsewhere: Elsewhere | None = None
        self.on_message_begin = self._keep.clear  # as above: whatever follows a reply ends that
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._call: Call | None = None
        self._resume: Resume | None = None
        self._relay: Sink | None = None
        self._reader: StreamReader | None = None
        self._body: bytes | bytearray = b""
        self._held = b""
        self._head_bytes = 0
        self._status = 0
        self._until = NEVER  # when the whole request's time is up
        self._opened = False  # content has come
        self._over = False  # the stream ended before the receiver came
        self._whole: Answered | None = None  # llhttp has seen the end of the reply
        self._paused = False
        self.kind = b""  # content type of the stream
        self.deadline = NEVER

    # asked by the pool and the performer

    def ask(self, head: bytes, call: Call, resume: Resume, since: float | None = None) -> None:
        """Send a request. ``resume`` gets Answered, Opened or Failed. ``since`` is when its time began to run: the wait
        for a connection is part of it.
        """
        if since is None:
            since = monotonic()
        self._call = call
        self._resume = resume
        self._head = head
        self._status = self._head_bytes = 0
        self.deadline = since + call.timeout
        self._until = since + call.until
        self._home.outbox.write(self._transport, _written(head, call))  # type: ignore[arg-type]

    def relay(self, sink: Sink, resume: Resume) -> None:
        """Pass the opened stream on. ``resume`` gets Ended."""
        self._relay = sink
        self._resume = resume
        held, self._held = self._held, b""
        sink.write(held)
        if self._over:
            self._finish(Ended(None))

    def cancel(self) -> None:
        """The caller's word: end the call, wherever it is by now."""
        if self._elsewhere is not None:
            self._elsewhere.cancel()
        else:
            self.abort()

    def abort(self) -> None:
        """Nobody waits any more: close at once, so the upstream stops working."""
        self._call = self._resume = self._relay = self._reader = None
        self.deadline = NEVER
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """The receiver is full: read no more for now."""
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            self._paused = True
            self.deadline = self._until  # the silence is not the upstream's
            self._transport.pause_reading()

    def unpause(self) -> None:
        if self._transport is not None and self._paused and not self._transport.is_closing():
            self._paused = False
            if self._call is not None:
                self._wait(self._call.idle)
            self._transport.resume_reading()

    def closing(self) -> bool:
        """True if it can't be asked any more."""
        return self._transport is None or self._transport.is_closing()

    def expire(self) -> None:
        """The sweeper's word: idle for too long, or an answer is late."""
        call, reader = self._call, self._reader
        if call is None:
            self.abort()
        elif self._opened or (reader is not None and reader.begun):
            if monotonic() >= self._until:
                self._fail(FailureKind.DEADLINE, "the request's time was up")
            else:
                self._fail(FailureKind.IDLE_TIMEOUT, f"silent for {call.idle:g} s")
        elif call.reader is not None:
            self._fail(FailureKind.FIRST_TOKEN_TIMEOUT, f"no first content within {call.timeout:g} s")
        else:
            self._fail(FailureKind.TIMEOUT, f"no reply within {call.timeout:g} s")

    def _wait(self, seconds: float) -> None:
        """For the next word, but no longer than the request has time."""
        self.deadline = min(monotonic() + seconds, self._until)

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._call is None:
            self.abort()  # an upstream that speaks unasked can't be trusted with the next question
            return
        if self._status == 0:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(FailureKind.GARBAGE, "it wants to speak another protocol")
        except httptools.HttpParserError:
            if self._whole is None:
                self._fail(FailureKind.GARBAGE, "what it says is not HTTP")
            else:  # what stands behind the reply does not spoil it
                self._keep.clear()
                self._complete(self._whole)
        else:
            if self._whole is not None:
                self._complete(self._whole)
            elif self._status == 0 and self._head_bytes > MAX_HEAD:
                self._fail(FailureKind.GARBAGE, f"a head of more than {MAX_HEAD} bytes")

    def eof_received(self) -> None:
        """The upstream ends the connection. If it was kept from an earlier call and nothing of this one has arrived,
        that is no failure: the call goes on a new connection.
        """
        call, resume, transport = self._call, self._resume, self._transport
        if not self._kept or self._status or self._head_bytes or call is None or resume is None or transport is None:
            return
        if unheard(transport) + self._home.outbox.held(transport) >= len(_written(self._head, call)):
            since = self.deadline - call.timeout
            self.abort()
            self._elsewhere = self._home.again(self._head, call, resume, since)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._home.lost(self)
        if self._call is None:
            return
        if self._status and exc is None and not self._framed():
            self._complete(self._reply())  # a body without a length ends with the connection
        elif self._status == 0:
            self._fail(FailureKind.RESET, "connection lost before a reply")
        else:
            self._fail(FailureKind.CUT if self._opened else FailureKind.RESET, "connection lost within the reply")

    # llhttp's side

    def on_body(self, data: bytes) -> None:
        if self._status == 0:
            self._begin_body()
        elif self._whole is not None:
            return
        if self._reader is not None:
            self._stream(self._reader, data)
        elif not self._body:
            self._body = data
        else:
            if not isinstance(self._body, bytearray):
                self._body = bytearray(self._body)
            self._body += data
            if len(self._body) > MAX_REPLY:
                self._fail(FailureKind.GARBAGE, f"a reply of more than {MAX_REPLY} bytes")

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # 1xx: the real reply follows
            self._headers.clear()
        elif self._whole is None:
            self._status = status
            self._whole = self._reply()
            if self._parser.should_keep_alive():  # llhttp forgets this behind the message
                self._keep.append(True)

    def _begin_body(self) -> None:
        """The head is known and the body begins: is it to be read as a stream?"""
        self._status = self._parser.get_status_code()
        call = self._call
        if call is not None and call.reader is not None and self._status == 200:
            kind = self._header(b"content-type") or b""
            if not kind.startswith(b"application/json"):
                self._reader = call.reader
                self.kind = kind

    def _header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self._headers.items() if key.lower() == name), None)

    def _framed(self) -> bool:
        """The reply tells where it ends."""
        return any(key.lower() in (b"content-length", b"transfer-encoding") for key in self._headers)

    # endings

    def _stream(self, reader: StreamReader, data: bytes) -> None:
        call = self._call
        if call is None:
            return
        frames = reader.feed(data)
        if self._relay is not None:
            if frames:
                self._relay.write(frames)
            if reader.refusal is not None:
                self._fail(reader.refusal.kind, reader.refusal.detail)
            elif reader.ending:
                self._wait(LAST_WORDS if reader.finished else min(LAST_FRAMES, call.idle))
            else:
                self._wait(call.idle)
            return
        self._held += frames
        if reader.refusal is not None:
            self._fail(reader.refusal.kind, reader.refusal.detail)
        elif reader.content and not self._opened:
            self._open(call)
        elif len(self._held) > MAX_HELD:
            self._fail(FailureKind.GARBAGE, f"{MAX_HELD} bytes without content")
        elif reader.begun:
            self._wait(call.idle)

    def _open(self, call: Call) -> None:
        self._opened = True
        self._wait(call.idle)
        resume, self._resume = self._resume, None
        if resume is not None:
            resume(Opened(self))

    def _reply(self) -> Answered:
        return Answered(self._status, self._headers.copy(), bytes(self._body))

    def _complete(self, whole: Answered) -> None:
        """The reply has ended."""
        call, reader = self._call, self._reader
        if call is None:
            return
        if reader is None:
            self._finish(whole)
            return
        tail = reader.close()
        if self._relay is not None:
            if tail:
                self._relay.write(tail)
            self._finish(Ended(None))
            return
        self._held += tail
        self._over = True
        if reader.content and reader.refusal is None:
            self._open(call)
        else:
            self._fail(FailureKind.GARBAGE, "a stream without content")

    def _finish(self, reply: Reply) -> None:
        """Free the connection, then answer: who asks next may have it."""
        resume, self._resume = self._resume, None
        if self._reader is not None:
            if self._paused:
                self.unpause()
            self._reader = self._relay = None
            self._opened = self._over = False
        self._call = self._whole = None
        self._body = b""
        self._headers.clear()
        if self._keep:
            self._kept = True
            self._home.free(self)
        elif self._transport is not None:
            self._transport.close()
        if resume is not None:
            resume(reply)

    def _fail(self, kind: FailureKind, detail: str) -> None:
        """Answer that it failed, and never use this connection again."""
        resume, sink, reader = self._resume, self._relay, self._reader
        self.abort()
        if resume is None:
            return
        if sink is None:
            resume(Failed(kind, detail, sent=True))
        elif reader is not None and reader.ending and reader.refusal is None:
            sink.write(reader.close())  # all of the answer was said: how it ends does not matter
            resume(Ended(None))
        else:
            resume(Ended(kind, detail))


def _written(head: bytes, call: Call) -> bytes:
    """A request as it is sent."""
    request = call.request
    body = request.body
    return b"%b%d\r\n%b\r\n%b" % (head, len(body), request.headers, body)
