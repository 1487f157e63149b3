"""A TCP proxy that breaks what passes through it. It stands between a gateway and one upstream, on loopback.

It knows nothing of HTTP but this: whoever asks speaks first, so bytes from the caller that come after bytes from the
upstream begin another turn; and a reply's head ends with an empty line.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import Enum
from typing import TYPE_CHECKING, Self, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Act(Enum):
    """What is done to a connection."""

    CLOSE = "close"  # FIN, both ways
    HALF_CLOSE = "half-close"  # FIN towards the caller, whose words are still heard
    RESET = "reset"  # RST
    HANG = "hang"  # nothing more is sent, nothing is closed
    DELAY = "delay"  # silence for ``seconds``, then all goes on
    DRIP = "drip"  # from here on ``size`` bytes every ``seconds``
    CORRUPT = "corrupt"  # ``size`` bytes are other ones


ON_REPLIES = (Act.DELAY, Act.DRIP, Act.CORRUPT)


class Point(Enum):
    """When, if not after a number of the reply's bytes."""

    ACCEPT = "accept"  # the connection is there, nothing was said
    REQUEST = "request"  # the caller speaks; the upstream never hears of it
    ASKED = "asked"  # the upstream has spoken, and nothing of it is passed on
    HEAD = "head"  # the reply's head is out


class Trouble(msgspec.Struct, frozen=True):
    """One thing that goes wrong in one turn. ``at`` a number: after so many bytes of the reply, its head included.

    DELAY, DRIP and CORRUPT are done to replies: at ASKED, HEAD or a number. Raises ValueError for another point.
    """

    act: Act
    at: Point | int = Point.ACCEPT
    seconds: float = 0.0
    size: int = 1
    mask: int = 0xFF

    def __post_init__(self) -> None:
        if self.act in ON_REPLIES and self.at in (Point.ACCEPT, Point.REQUEST):
            raise ValueError(f"there is no reply yet to {self.act.value}")

    def __str__(self) -> str:
        where = self.at.value if isinstance(self.at, Point) else f"byte {self.at}"
        return f"{self.act.value} at {where}"


class FaultProxy:
    """``plan`` is asked before each turn, with its number from 0 on, what shall go wrong; None: nothing.

    ``accepted`` and ``turns`` count, ``open`` is how many connections of callers are open now.
    """

    def __init__(self, port: int, plan: Callable[[int], Trouble | None] | Trouble | None = None) -> None:
        self.target = port
        self.port = 0
        self.accepted = 0
        self.turns = 0
        self.links: set[_Link] = set()
        self._plan = plan
        self._server: asyncio.Server | None = None
        self._waiting: list[tuple[Callable[[], bool], asyncio.Event]] = []

    def set(self, plan: Callable[[int], Trouble | None] | Trouble | None) -> None:
        """What goes wrong from the next turn on: a plan, the same trouble every time, or None."""
        self._plan = plan

    @property
    def open(self) -> int:
        return len(self.links)

    @property
    def held(self) -> int:
        """Connections on which a reply is kept back."""
        return sum(link.held for link in self.links)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        for link in [*self.links]:
            link.abort()
        await self.until(lambda: not self.links)

    async def listen(self) -> None:
        """Accept connections, again on the same port if it was refused before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Link(self), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Close the port. Connections that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def release(self) -> None:
        """What a delay or a drip holds back goes on now."""
        for link in [*self.links]:
            link.go_on()

    async def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something is true of this proxy. Raises TimeoutError."""
        event = asyncio.Event()
        waiting = (true, event)
        self._waiting.append(waiting)
        self.changed()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        finally:
            self._waiting.remove(waiting)

    def changed(self) -> None:
        for true, event in self._waiting:
            if true():
                event.set()

    def drawn(self) -> Trouble | None:
        """What goes wrong in the next turn."""
        number, self.turns = self.turns, self.turns + 1
        return self._plan(number) if callable(self._plan) else self._plan

    def at_accept(self) -> Trouble | None:
        """The trouble of the next turn, if it strikes before anything is said; then that turn is over."""
        ahead = self._plan(self.turns) if callable(self._plan) else self._plan
        if ahead is None or ahead.at is not Point.ACCEPT:
            return None
        self.turns += 1
        return ahead


class _Link(asyncio.Protocol):
    """One connection of a caller, and the one to the upstream that belongs to it."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()
        self._caller: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []
        self._trouble: Trouble | None = None
        self._silent = False  # what the upstream says is swallowed
        self._deaf = False  # what the caller says is swallowed
        self._heard = True  # the upstream has spoken in this turn, or no turn has begun
        self._reply = b""  # of this turn, until its trouble has struck
        self._held: bytearray | None = None  # a delay or a drip keeps it back
        self._timer: asyncio.TimerHandle | None = None

    @property
    def held(self) -> bool:
        return self._timer is not None

    # the caller's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._caller = cast("asyncio.Transport", transport)
        self._proxy.links.add(self)
        self._proxy.accepted += 1
        trouble = self._proxy.at_accept()
        if trouble is not None:
            self._deaf = True
            self._strike(trouble)
        self._proxy.changed()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._heard:
            self._heard, self._reply = False, b""
            self._trouble = self._proxy.drawn()
            self._proxy.changed()
        if self._trouble is not None and self._trouble.at is Point.REQUEST:
            self._deaf = True
            self._strike(self._trouble)
        elif self._upstream is not None:
            self._upstream.write(data)
        else:
            self._unsent.append(data)
            if self._connecting is None:
                self._connecting = self._loop.create_task(self._connect())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._caller = None
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._upstream is not None:
            self._upstream.abort()
        self._proxy.links.discard(self)
        self._proxy.changed()

    # the upstream's side

    async def _connect(self) -> None:
        try:
            self._upstream, _ = await self._loop.create_connection(lambda: _Upstream(self), HOST, self._proxy.target)
        except OSError:
            self.abort()
            return
        self._upstream.write(b"".join(self._unsent))
        self._unsent.clear()

    def replied(self, data: bytes) -> None:
        self._heard = True
        if self._silent or self._caller is None:
            return
        if self._held is not None:
            self._held += data
        elif self._trouble is None:
            self._caller.write(data)
        else:
            self._look(self._trouble, data)

    def _look(self, trouble: Trouble, data: bytes) -> None:
        """Pass on what comes before the trouble; strike when it is time."""
        caller, before = self._caller, len(self._reply)
        if caller is None:
            return
        self._reply += data
        place = self._place(trouble)
        if place is None or place > len(self._reply):
            caller.write(data)
            return
        self._trouble = None
        left = max(place - before, 0)
        caller.write(data[:left])
        rest = data[left:]
        if trouble.act is Act.CORRUPT:
            caller.write(bytes(byte ^ trouble.mask for byte in rest[: trouble.size]) + rest[trouble.size :])
            return
        if trouble.act in ON_REPLIES:
            self._held = bytearray(rest)
        self._strike(trouble)

    def _place(self, trouble: Trouble) -> int | None:
        """After how many bytes of the reply; None if that is not known yet."""
        if trouble.at is Point.HEAD:
            end = self._reply.find(b"\r\n\r\n")
            return end + 4 if end >= 0 else None
        return trouble.at if isinstance(trouble.at, int) else 0

    def ended(self) -> None:
        """The upstream has closed."""
        self._upstream = None
        if self._caller is not None and not self._silent and self._held is None:
            self._caller.close()

    # troubles

    def go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._more(Trouble(Act.DELAY, Point.ASKED))

    def _strike(self, trouble: Trouble) -> None:
        if self._caller is None:
            return
        if trouble.act in ON_REPLIES:
            self._timer = self._loop.call_later(trouble.seconds, self._more, trouble)
            self._proxy.changed()
            return
        self._silent = True
        if trouble.act is Act.HALF_CLOSE:
            self._caller.write_eof()
        elif trouble.act is Act.CLOSE:
            self._caller.close()
        elif trouble.act is Act.RESET:
            self._loop.call_soon(self.abort)  # what was written before is gone by then: it is little
        if trouble.act in (Act.CLOSE, Act.RESET) and self._upstream is not None:
            self._upstream.abort()

    def _more(self, trouble: Trouble) -> None:
        """The delay is over, or the next drop is due."""
        caller, held = self._caller, self._held
        if caller is None or held is None:
            return
        size = trouble.size if trouble.act is Act.DRIP else len(held)
        caller.write(bytes(held[:size]))
        del held[:size]
        if trouble.act is Act.DRIP and (held or self._upstream is not None):
            self._timer = self._loop.call_later(trouble.seconds, self._more, trouble)
            return
        self._held = self._timer = None
        if self._upstream is None:
            caller.close()

    def abort(self) -> None:
        if self._caller is not None:
            sock = self._caller.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_ON_CLOSE)
            self._caller.abort()


class _Upstream(asyncio.Protocol):
    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.replied(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._link.ended()


class Blackhole:
    """A port whose queue of connections is full: whoever connects hears nothing, as behind a dropped packet."""

    def __init__(self) -> None:
        self.port = 0
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        listener = socket.socket()
        self._sockets.append(listener)
        listener.bind((HOST, 0))
        listener.listen(0)
        self.port = listener.getsockname()[1]
        for _ in range(4):
            filling = socket.socket()
            self._sockets.append(filling)
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filling.connect((HOST, self.port))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.close()
