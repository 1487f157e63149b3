"""The circuit breaker: closed -> open -> half-open -> closed. Time and chance are arguments.

state      event          next        and
closed     success        closed      consecutive failures = 0
closed     sign of life   closed      says nothing of the failures before it
closed     failure        closed      until ``threshold`` in a row, then open
closed     limited        closed      it is no outage to be busy
closed     trip           open        too few successes, or a key that was refused
open       due            half-open   ``half_open_requests`` may pass at a time
open       success        half-open   if it was asked in need, after it opened: the first of the successes that close it
open       sign of life   half-open   likewise, and counts as below
open       failure        open        asked in need it tells nothing new
half-open  success        half-open   until ``success_threshold`` of them, then closed; the next opening is short again
half-open  sign of life   half-open   unless one success alone is missing, then closed on parole; the next opening is
                                      longer, unless a success comes before it
half-open  failure        open        twice as long as before; the successes so far are forgotten
half-open  limited        open        likewise: a probe that is told to wait has failed

With a threshold of one, the usual, a success closes it wherever it stood, and so does a sign of life: an answer that
finds fault with the request, or a stream's first content. It is up, if not yet known to deliver. On parole one failure
opens it again. Half-open listens to its probes alone: what was sent before it opened speaks of the past, and so do the
probes of a trial that is over, by a failure of one of them or by enough successes. Who is let through although it is
not closed keeps one of the places there are until that is given back, so there are never more beside it.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from pointsman.model.rest import BreakerSettings
from pointsman.model.view import Dice
from pointsman.state.adaptive_thresholds import AdaptiveThreshold


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Reading(msgspec.Struct, frozen=True):
    """How a breaker stands. ``failures`` in a row, of ``threshold`` that open it (0: any number is borne);
    ``successes`` of the trial under way, of ``success_threshold`` that close it; an open one is due at the time
    ``until``. ``cause``: what opened it, if not failures in a row.
    """

    state: State
    failures: int
    threshold: int
    successes: int
    success_threshold: int
    until: float
    cause: str


class Breaker:
    """Of one deployment, or of the provider behind several. ``marked``: a success would change something; ``since``:
    when it closed last; ``cause``: what opened it, if not failures in a row; ``probing``: requests that have a place;
    ``trial``: how many trials are over; ``adaptive``: what the threshold is, where that follows the usual error rate.
    Sources for the defaults: Finagle's failure accrual, Linkerd's unified breaker.
    """

    __slots__ = (
        "adaptive",
        "cause",
        "failures",
        "marked",
        "openings",
        "probing",
        "settings",
        "since",
        "state",
        "successes",
        "trial",
        "until",
    )

    def __init__(self, settings: BreakerSettings) -> None:
        self.adaptive: AdaptiveThreshold | None = None
        self.openings = self.failures = self.successes = self.probing = self.trial = 0
        self.state = State.CLOSED
        self.until = self.since = 0.0
        self.marked = False
        self.cause = ""
        self.settle(settings)

    def settle(self, settings: BreakerSettings) -> None:
        """Go by these from the next event on. The state stays as it is."""
        self.settings = settings
        if settings.adaptive != (self.adaptive is not None):
            self.adaptive = AdaptiveThreshold() if settings.adaptive else None
        self.marked = self.marked or settings.adaptive

    def threshold(self, now: float) -> int:
        """How many failures in a row open it (0: any number is borne)."""
        configured = self.settings.threshold
        return configured if self.adaptive is None else self.adaptive.at(configured, now)

    def go_on(self, failures: int, openings: int, until: float | None) -> None:
        """From how one stood elsewhere. ``until``: it is open until then, None if it is closed."""
        self.failures, self.openings = failures, openings
        self.marked = self.marked or failures > 0
        if until is not None:
            self.state, self.until, self.marked = State.OPEN, until, True

    def admits(self, now: float) -> bool:
        """Would a request be let through now? An open breaker that is due becomes half-open."""
        if self.state is State.OPEN and now >= self.until:
            self.state = State.HALF_OPEN
        return self.state is State.CLOSED or (self.state is State.HALF_OPEN and self._has_place)

    def reading(self, now: float) -> Reading:
        """How it stands. An open breaker that is due becomes half-open."""
        self.admits(now)
        settings = self.settings
        counts = self.failures, self.threshold(now), self.successes, settings.success_threshold
        return Reading(self.state, *counts, self.until, self.cause)

    def started(self) -> bool:
        """A request was let through; true if it has one of the places that there are while it is not closed."""
        if self.state is State.CLOSED or not self._has_place:
            return False
        self.probing += 1
        return True

    def ended(self) -> None:
        """That request is over, with a verdict or without (its caller left): its place is free again."""
        self.probing = max(self.probing - 1, 0)

    def succeeded(self, now: float, fresh: bool) -> None:
        """``fresh``: the request was let through after the breaker had opened, as a probe of this trial or in need."""
        if self.state is not State.CLOSED:
            if not fresh:
                return
            self.successes += 1
            if self.successes < self.settings.success_threshold:
                self.state = State.HALF_OPEN
                return
            self.trial += 1
            self._close(now)
        elif self.adaptive is not None:
            self.adaptive.delivered(now)
        self.failures = self.openings = 0
        self.marked = self.adaptive is not None

    def lives(self, now: float, fresh: bool) -> None:
        """A sign of life. ``fresh`` as above."""
        if not fresh or self.state is State.CLOSED:
            return
        if self.successes + 1 < self.settings.success_threshold:
            self.state = State.HALF_OPEN
            return
        self._close(now)
        self.failures = max(self.settings.threshold, self.threshold(now), 1) - 1

    def failed(self, now: float, dice: Dice, probe: bool) -> None:
        """``probe``: it has a place of this trial."""
        if self.state is State.HALF_OPEN and not probe:
            return
        self.failures += 1
        self.marked = True
        if self.state is State.HALF_OPEN:
            self.trial += 1
            self._open(now, dice)
        elif self.state is State.CLOSED:
            if self.adaptive is not None:
                self.adaptive.failed()
            threshold = self.threshold(now)
            if threshold and self.failures >= threshold:
                self._open(now, dice)

    def limited(self, now: float, dice: Dice, probe: bool) -> None:
        """It was told to wait, or failed for a reason that is not this breaker's. ``probe`` as above."""
        if self.state is State.HALF_OPEN and probe:
            self.trial += 1
            self._open(now, dice)

    def trip(self, now: float, dice: Dice, cause: str) -> None:
        """Open at once, unless it is configured never to."""
        if self.state is State.CLOSED and not self.settings.never:
            self._open(now, dice)
            self.cause = cause

    def unanswered(self, now: float, dice: Dice, cause: str) -> None:
        """Open at once for a question of ours beside the traffic: a probe under way may still say otherwise."""
        if self.state is State.HALF_OPEN:
            self._open(now, dice)
        self.trip(now, dice, cause)

    def not_before(self, moment: float) -> None:
        """An open one does not become half-open before then."""
        if self.state is State.OPEN:
            self.until = max(self.until, moment)

    def reset(self) -> None:
        """As new, but for requests that have a place: they keep it until they give it back."""
        self.adaptive = AdaptiveThreshold() if self.settings.adaptive else None
        self._forgive()

    def recover(self, now: float) -> None:
        """Somebody who knows says that it is well: what came before is looked at no more, but for what is usual."""
        self._forgive()
        self.since = now

    @property
    def _has_place(self) -> bool:
        return self.probing < self.settings.half_open_requests

    def _forgive(self) -> None:
        self.openings = self.failures = self.successes = 0
        self.trial += 1
        self.state = State.CLOSED
        self.until = 0.0
        self.marked = False
        self.cause = ""
        if self.adaptive is not None:
            self.adaptive.forget_row()
            self.marked = True

    def _close(self, now: float) -> None:
        self.state = State.CLOSED
        self.since = now
        self.successes = 0
        self.cause = ""

    def _open(self, now: float, dice: Dice) -> None:
        settings = self.settings
        length = min(settings.open * 2.0**self.openings, settings.longest)
        length *= 1 + settings.jitter * (2 * dice.random() - 1)
        self.openings = min(self.openings + 1, 32)
        self.state = State.OPEN
        self.successes = 0
        self.marked = True
        if self.adaptive is not None:
            self.adaptive.forget_row()
        self.until = now + length
