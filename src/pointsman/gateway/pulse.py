"""Comments to the caller of a stream while nobody has anything to say, so that no proxy between takes it for dead."""

from __future__ import annotations

from time import monotonic

from pointsman.wire.exchange import Exchange
from pointsman.wire.sweeper import NEVER, Sweeper


class Pulse:
    """Beats after every so many seconds of silence; what is written through it, as a ``wire.upstream.Sink``, is none.

    The first beat begins the stream with ``head``, which can't tell yet who will answer.
    """

    def __init__(self, exchange: Exchange, head: bytes, every: float, sweeper: Sweeper) -> None:
        self._exchange = exchange
        self._head = head
        self._every = every
        self._sweeper = sweeper
        self.deadline = monotonic() + every
        sweeper.watch(self)

    def write(self, frames: bytes) -> None:
        self._exchange.write(frames)
        self.deadline = monotonic() + self._every

    def expire(self) -> None:
        """The sweeper's word."""
        exchange = self._exchange
        if not exchange.started:
            exchange.begin(self._head)
        if not exchange.full:
            exchange.beat()
        self.deadline = monotonic() + self._every

    def stop(self) -> None:
        """The response is complete, or nobody reads it any more."""
        self.deadline = NEVER
        self._sweeper.forget(self)
