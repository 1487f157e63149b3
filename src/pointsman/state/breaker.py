"""The circuit breaker of one deployment: closed -> open -> half-open -> closed. Time and chance are arguments.

state      event         next        and
closed     success       closed      consecutive failures = 0
closed     client error  closed      says nothing of the failures before it
closed     failure       closed      until ``threshold`` in a row, then open
open       due           half-open   one probe may pass
open       success       closed      if it was asked in need, after it opened
open       client error  closed      likewise
half-open  success       closed      the next opening is short again
half-open  client error  closed      the next opening is twice as long, unless a success comes before it
half-open  failure       open        twice as long as before

A client error is an answer that finds fault with the request: the deployment is up, if not yet known to deliver.
Half-open listens to its probe alone: what was sent before it opened speaks of the past. A probe keeps its place until
it is given back, so there is never a second one beside it.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from pointsman.model.view import Dice


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerSettings(msgspec.Struct, frozen=True):
    """``threshold`` failures in a row open it for ``first`` seconds, doubling to ``longest``, +-``jitter``."""

    threshold: int = 5
    first: float = 5.0
    longest: float = 300.0
    jitter: float = 0.2


class Breaker:
    """Sources for the defaults: Finagle's failure accrual, Linkerd's unified breaker."""

    __slots__ = ("failures", "openings", "probing", "settings", "state", "until")

    def __init__(self, settings: BreakerSettings) -> None:
        self.settings = settings
        self.openings = 0
        self.failures = 0
        self.state = State.CLOSED
        self.until = 0.0
        self.probing = False

    def admits(self, now: float) -> bool:
        """Would a request be let through now? An open breaker that is due becomes half-open."""
        if self.state is State.OPEN and now >= self.until:
            self.state = State.HALF_OPEN
        return self.state is State.CLOSED or (self.state is State.HALF_OPEN and not self.probing)

    def started(self) -> bool:
        """A request was let through; true if it is the probe."""
        if self.state is State.HALF_OPEN and not self.probing:
            self.probing = True
            return True
        return False

    def probe_ended(self) -> None:
        """The probe is over, with a verdict or without (its caller left): its place is free again."""
        self.probing = False

    def succeeded(self, fresh: bool) -> None:
        """``fresh``: the request was let through after the breaker had opened, as its probe or in need."""
        if fresh or self.state is State.CLOSED:
            self.state = State.CLOSED
            self.failures = self.openings = 0

    def client_error(self, fresh: bool) -> None:
        """``fresh`` as above."""
        if fresh and self.state is not State.CLOSED:
            self.state = State.CLOSED
            self.failures = 0

    def failed(self, now: float, dice: Dice, probe: bool) -> None:
        if self.state is State.HALF_OPEN and not probe:
            return
        self.failures += 1
        if self.state is State.HALF_OPEN or (self.state is State.CLOSED and self.failures >= self.settings.threshold):
            self._open(now, dice)

    def reset(self) -> None:
        """As new, but for a probe under way: it keeps its place until it is given back."""
        self.openings = self.failures = 0
        self.state = State.CLOSED
        self.until = 0.0

    def _open(self, now: float, dice: Dice) -> None:
        length = min(self.settings.first * 2.0**self.openings, self.settings.longest)
        length *= 1 + self.settings.jitter * (2 * dice.random() - 1)
        self.openings = min(self.openings + 1, 32)
        self.state = State.OPEN
        self.until = now + length
