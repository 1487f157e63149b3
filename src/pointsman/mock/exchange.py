"""Playing one answer: when each byte goes out, and where a fault breaks it off.

Pace is kept with absolute times (``loop.call_at``), so that a late tick does not delay the ones after it. One timer a
stream, no task. What the bytes say is not known here.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pointsman.mock.bedrock.frames import EVENT_STREAM, message
from pointsman.mock.dialects import IN_STREAM
from pointsman.mock.message import (
    LAST_CHUNK,
    NDJSON,
    Reply,
    Request,
    Stream,
    chunk,
    reply_head,
    stream_head,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from pointsman.mock.connection import Connection
    from pointsman.mock.faults import Fault
    from pointsman.mock.ledger import Entry

MALFORMED_SSE = b'data: {"id": "chatcmpl-broken", "choices": [{"delta": {"cont\n\n'
MALFORMED: dict[bytes, bytes] = {
    NDJSON: b'{"model": "broken", "message": {"cont\n',
    EVENT_STREAM: message({":event-type": "contentBlockDelta", ":message-type": "event"}, b'{"delta": {"te'),
}
"""By the type of the stream; of any other it is MALFORMED_SSE."""

BREAKS = ("cut", "reset", "hang_after")
STRIKES = (*BREAKS, "stall", "malformed_frame", "error_frame")
"""Faults that wait for their token."""

COMMENT = b": keep-alive\n\n"
BLANK = b"\n"
AT_ONCE = 256
"""Tokens a tick when nothing sets a pace: a client that does not read stops the rest."""

T = TypeVar("T")


class Exchange:
    """One request being answered on one connection."""

    __slots__ = (
        "_connection",
        "_due",
        "_loop",
        "_next",
        "_ongoing",
        "_opened",
        "_paused",
        "_played",
        "_steps",
        "_stream",
        "_timer",
        "entry",
        "fault",
        "request",
        "slow",
    )

    def __init__(self, connection: Connection, request: Request, entry: Entry) -> None:
        self._connection = connection
        self._loop = connection.site.loop
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._paused = False
        self._ongoing = False
        self._opened = False
        self._played = 0
        self._next: bytes | None = None
        self._stream: Stream | None = None
        self._steps: Iterator[bytes] = iter(())
        self.request = request
        self.entry = entry
        self.fault: Fault | None = None
        self.slow = 0.0

    def start(self) -> None:
        site = self._connection.site
        answer, self.fault, self.slow = site.answer(self.request, self.entry)
        if self.fault is not None:
            self.entry.fault = str(self.fault)
            site.ledger.changed(self.entry)
        if answer is None:
            if self.fault is not None and self.fault.name == "reset":
                self._connection.reset()
            return  # a hang: nothing goes out, the client may leave
        if isinstance(answer, Reply):
            self._start_reply(answer)
        else:
            self._start_stream(answer)

    def stop(self) -> None:
        """Forget the timer; the connection is gone."""
        self._ongoing = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._ongoing and self._timer is None:
            self._timer = self._loop.call_at(max(self._due, self._loop.time()), self._tick)

    # ---- whole answers

    def _start_reply(self, reply: Reply) -> None:
        options = self._connection.site.options
        delay = self.slow + reply.wait
        if reply.slow:
            delay += options.latency_ms / 1000 + options.step * reply.tokens
        self._later(delay, self._send_reply, reply)

    def _send_reply(self, reply: Reply) -> None:
        self._timer = None
        connection, request, entry = self._connection, self.request, self.entry
        entry.status = reply.status
        body = b"" if request.method == "HEAD" else reply.body
        head = reply_head(reply, connection.site.kind.server, keep_alive=request.keep_alive)
        fault = self.fault
        if fault is not None and fault.name == "hang" and reply.status < 400:
            connection.write(head, entry)
            return
        breaks = fault is not None and fault.name in BREAKS and reply.status < 400
        if fault is not None and breaks and fault.value <= reply.tokens:
            part = max(min(len(body) * fault.value // max(reply.tokens, 1), len(body) - 1), 0)
            connection.write(head + body[:part], entry)
            connection.site.ledger.sent(entry, fault.value)
            self._break_off(fault.name)
            return
        connection.write(head + body, entry)
        if reply.tokens:
            connection.site.ledger.sent(entry, reply.tokens)
        connection.done(keep_alive=request.keep_alive)

    # ---- streams

    def _start_stream(self, stream: Stream) -> None:
        self._stream = stream
        self._steps = stream.steps
        self._next = next(self._steps, None)
        options = self._connection.site.options
        delay = options.latency_ms / 1000 + stream.wait
        if stream.eager:
            self._later(self.slow, self._send_head, delay)
        else:
            self._later(self.slow + delay, self._send_head, 0.0)

    def _send_head(self, delay: float) -> None:
        self._timer = None
        stream, connection, request = self._stream, self._connection, self.request
        if stream is None:
            return
        self.entry.status = 200
        server = connection.site.kind.server
        head = stream_head(stream, server, keep_alive=request.keep_alive, chunked=request.chunked)
        if request.method == "HEAD":
            connection.write(head, self.entry)
            connection.done(keep_alive=False)
            return
        if self._silenced(head):
            return
        self._ongoing = True
        self._due = self._loop.time() + delay
        if delay > 0:
            connection.write(head, self.entry)
            self._timer = self._loop.call_at(self._due, self._tick)
        else:
            self._tick(head)

    def _silenced(self, head: bytes) -> bool:
        """True if a fault lets nothing out but the head, or frames without content. Faults that have struck already
        are forgotten here.
        """
        fault = self.fault
        if fault is None or fault.name in STRIKES:
            return False
        if fault.name == "keepalive":
            self._keep_alive(head, fault)
        elif fault.name == "hang":
            self._connection.write(head, self.entry)
        else:
            self.fault = None
            return False
        return True

    def _tick(self, head: bytes = b"") -> None:
        """Send what is due: one token, or all of them when nothing sets a pace, up to where a fault strikes."""
        self._timer = None
        stream, connection, entry, fault = self._stream, self._connection, self.entry, self.fault
        if stream is None or (self._paused and not head):
            return
        parts = [] if self._opened else [stream.opening]
        self._opened = True
        step = connection.site.options.step
        room = 1 if step else AT_ONCE
        if fault is not None and fault.value >= self._played:
            room = min(room, fault.value - self._played)
        tokens = self._take(room, parts)
        struck = fault is not None and self._played == fault.value
        ended = self._next is None and not struck
        if ended:
            parts.append(stream.closing)
        connection.write(head + self._framed(parts), entry)
        if tokens:
            connection.site.ledger.sent(entry, tokens)
        if struck and fault is not None:
            self._strike(fault)
        elif ended:
            self._end()
        else:
            self._due += step
            self._timer = self._loop.call_at(self._due, self._tick)

    def _take(self, room: int, parts: list[bytes]) -> int:
        """Move up to ``room`` steps into ``parts``; how many they were."""
        if self._next is None or room <= 0:
            return 0
        taken = [self._next, *islice(self._steps, room - 1)]
        self._next = next(self._steps, None)
        self._played += len(taken)
        parts += taken
        return len(taken)

    def _framed(self, parts: list[bytes]) -> bytes:
        if not self.request.chunked:
            return b"".join(parts)
        return b"".join([chunk(part) for part in parts if part])

    def _end(self) -> None:
        self._ongoing = False
        if self._stream is not None and self._stream.held:
            return
        if self.request.chunked:
            self._connection.write(LAST_CHUNK, self.entry)
        self._connection.done(keep_alive=self.request.keep_alive and self.request.chunked)

    # ---- faults on the way

    def _strike(self, fault: Fault) -> None:
        """The fault's moment has come, in the middle of a stream."""
        connection, stream = self._connection, self._stream
        if fault.name == "malformed_frame" and stream is not None:
            frame = MALFORMED.get(stream.content_type, MALFORMED_SSE)
            connection.write(self._framed([frame]), self.entry)
            self._go_on(connection.site.options.step)
        elif fault.name == "stall":
            self._go_on(fault.pause / 1000)
        elif fault.name == "error_frame":
            connection.write(self._framed([self._broken(fault.variant)]), self.entry)
            self._end()
        elif fault.name == "cut" and fault.variant == "clean" and self.request.chunked:
            connection.write(LAST_CHUNK, self.entry)
            self._break_off("cut")
        else:
            self._break_off(fault.name)

    def _broken(self, style: str) -> bytes:
        told = self._stream.broken if self._stream is not None else None
        if style in IN_STREAM or told is None:
            return IN_STREAM.get(style) or self._connection.site.kind.broken(self.request, style)
        return told(self._played)

    def _go_on(self, delay: float) -> None:
        """The rest of the stream, from a moment after now."""
        self.fault = None
        self._due = max(self._due, self._loop.time()) + delay
        self._timer = self._loop.call_at(self._due, self._tick)

    def _keep_alive(self, head: bytes, fault: Fault) -> None:
        """One frame that says nothing, and the same again and again."""
        stream = self._stream
        if stream is None:
            return
        pulse = BLANK if stream.content_type == NDJSON else COMMENT
        if fault.variant == "roles":
            pulse = stream.opening or pulse
        self._connection.write(head + self._framed([pulse]), self.entry)
        self._timer = self._loop.call_later(fault.value / 1000, self._keep_alive, b"", fault)

    def _break_off(self, how: str) -> None:
        self._ongoing = False
        if how == "reset":
            self._connection.reset()
        elif how == "cut":
            self._connection.hang_up()

    def _later(self, delay: float, act: Callable[[T], None], argument: T) -> None:
        """Do it now if there is nothing to wait for: a timer costs more than most answers."""
        if delay <= 0:
            act(argument)
        else:
            self._timer = self._loop.call_later(delay, act, argument)
