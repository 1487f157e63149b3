"""Cooldown of one deployment: a rest after being told to wait, or after more failures than are allowed in a minute."""

from __future__ import annotations

import msgspec

from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.state.window import Minute

LONGEST = 300.0
"""Seconds: no upstream may silence a deployment for longer by a single Retry-After."""


class CooldownSettings(msgspec.Struct, frozen=True):
    """``allowed_fails`` a minute are borne (None: the breaker alone judges); a rest lasts ``seconds``, one after a rate
    limit at least ``rate_limited`` instead, if that is set.
    """

    allowed_fails: int | None = None
    seconds: float = 5.0
    rate_limited: float | None = None


class Cooldown:
    """When the rest ends and what it was for."""

    __slots__ = ("_fails", "_settings", "cause", "until")

    def __init__(self, settings: CooldownSettings) -> None:
        self._fails: Minute | None = None
        self.until = 0.0
        self.cause: FailureKind | None = None
        self.settle(settings)

    def settle(self, settings: CooldownSettings) -> None:
        """Go by these settings from now on; a rest under way goes on."""
        self._settings = settings
        if settings.allowed_fails is None:
            self._fails = None
        elif self._fails is None:
            self._fails = Minute()

    def reset(self) -> None:
        """The rest is over, and failures are counted afresh."""
        self.until, self.cause = 0.0, None
        self._fails = Minute() if self._fails is not None else None

    def failed(self, now: float, kind: FailureKind, retry_after: float | None) -> None:
        """Take note of a failure. A later end always wins: a rest is extended, never cut short."""
        over = False
        if self._fails is not None and self._settings.allowed_fails is not None:
            self._fails.add(now, 1)
            over = self._fails.total > self._settings.allowed_fails
        if not (over or CONSEQUENCES[kind].rests or retry_after):
            return
        until = now + self._length(kind, retry_after)
        if until > self.until:
            self.until, self.cause = until, kind

    def _length(self, kind: FailureKind, retry_after: float | None) -> float:
        """What the upstream asks for and what is configured for rate limits, whichever is longer; else the usual."""
        least = self._settings.rate_limited if kind is FailureKind.RATE_LIMITED else None
        if retry_after:
            return max(min(retry_after, LONGEST), least or 0.0)
        return self._settings.seconds if least is None else least
