"""The circuit breaker: closed -> open -> half-open -> closed. Time and chance are arguments.

state      event          next        and
closed     success        closed      consecutive failures = 0
closed     sign of life   closed      says nothing of the failures before it
closed     failure        closed      until ``threshold`` in a row, then open
closed     limited        closed      it is no outage to be busy
closed     trip           open        too few successes, or a key that was refused
open       due            half-open   one request may pass
open       success        closed      if it was asked in need, after it opened
open       sign of life   closed      likewise, on parole
open       failure        open        asked in need it tells nothing new
half-open  success        closed      the next opening is short again
half-open  sign of life   closed      on parole; the next opening is longer, unless a success comes before it
half-open  failure        open        twice as long as before
half-open  limited        open        likewise: a probe that is told to wait has failed

A sign of life is an answer that finds fault with the request, or a stream's first content: it is up, if not yet known
to deliver. On parole one failure opens it again. Half-open listens to its probe alone: what was sent before it opened
speaks of the past. Who is let through although it is not closed keeps the one place there is until that is given back,
so there is never a second one beside it.
"""

from __future__ import annotations

from enum import Enum

from pointsman.model.rest import BreakerSettings
from pointsman.model.view import Dice


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Of one deployment, or of the provider behind several. ``marked``: a success would change something; ``since``:
    when it closed last; ``cause``: what opened it, if not failures in a row. Sources for the defaults: Finagle's
    failure accrual, Linkerd's unified breaker.
    """

    __slots__ = ("cause", "failures", "marked", "openings", "probing", "settings", "since", "state", "until")

    def __init__(self, settings: BreakerSettings) -> None:
        self.settings = settings
        self.openings = self.failures = 0
        self.state = State.CLOSED
        self.until = self.since = 0.0
        self.marked = self.probing = False
        self.cause = ""

    def admits(self, now: float) -> bool:
        """Would a request be let through now? An open breaker that is due becomes half-open."""
        if self.state is State.OPEN and now >= self.until:
            self.state = State.HALF_OPEN
        return self.state is State.CLOSED or (self.state is State.HALF_OPEN and not self.probing)

    def started(self) -> bool:
        """A request was let through; true if it has the one place that there is while it is not closed."""
        if self.state is State.CLOSED or self.probing:
            return False
        self.probing = True
        return True

    def ended(self) -> None:
        """That request is over, with a verdict or without (its caller left): the place is free again."""
        self.probing = False

    def succeeded(self, now: float, fresh: bool) -> None:
        """``fresh``: the request was let through after the breaker had opened, as its probe or in need."""
        if self.state is not State.CLOSED:
            if not fresh:
                return
            self._close(now)
        self.failures = self.openings = 0
        self.marked = False

    def lives(self, now: float, fresh: bool) -> None:
        """A sign of life. ``fresh`` as above."""
        if fresh and self.state is not State.CLOSED:
            self._close(now)
            self.failures = max(self.settings.threshold - 1, 0)

    def failed(self, now: float, dice: Dice, probe: bool) -> None:
        """``probe``: it has the one place."""
        if self.state is State.HALF_OPEN and not probe:
            return
        self.failures += 1
        self.marked = True
        threshold = self.settings.threshold
        if self.state is State.HALF_OPEN or (self.state is State.CLOSED and threshold and self.failures >= threshold):
            self._open(now, dice)

    def limited(self, now: float, dice: Dice, probe: bool) -> None:
        """It was told to wait, or failed for a reason that is not this breaker's. ``probe`` as above."""
        if self.state is State.HALF_OPEN and probe:
            self._open(now, dice)

    def trip(self, now: float, dice: Dice, cause: str) -> None:
        """Open at once, unless it is configured never to."""
        if self.state is State.CLOSED and not self.settings.never:
            self._open(now, dice)
            self.cause = cause

    def not_before(self, moment: float) -> None:
        """An open one does not become half-open before then."""
        if self.state is State.OPEN:
            self.until = max(self.until, moment)

    def reset(self) -> None:
        """As new, but for a request that has the one place: it keeps that until it gives it back."""
        self.openings = self.failures = 0
        self.state = State.CLOSED
        self.until = 0.0
        self.marked = False
        self.cause = ""

    def _close(self, now: float) -> None:
        self.state = State.CLOSED
        self.since = now
        self.cause = ""

    def _open(self, now: float, dice: Dice) -> None:
        settings = self.settings
        length = min(settings.open * 2.0**self.openings, settings.longest)
        length *= 1 + settings.jitter * (2 * dice.random() - 1)
        self.openings = min(self.openings + 1, 32)
        self.state = State.OPEN
        self.marked = True
        self.until = now + length
