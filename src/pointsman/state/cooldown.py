"""Cooldown: a rest after being told to wait, after a refused key, or after more failures than are borne in a minute."""

from __future__ import annotations

import msgspec

from pointsman.model.outcome import CONSEQUENCES, FailureKind

LONGEST = 300.0
"""Seconds: no upstream may silence a deployment for longer by a single Retry-After."""


class CooldownSettings(msgspec.Struct, frozen=True):
    """A rest lasts ``seconds``; after a spent quota ``quota``, since that does not pass in a moment. After a rate limit
    or a spent quota it is at least ``rate_limited``, if that is set.
    """

    seconds: float = 5.0
    rate_limited: float | None = None
    quota: float = 60.0


class Cooldown:
    """When the rest ends and what it was for. ``told``: the end of what an upstream said; the rest is a guess.
    ``keys``: so many keys rest, which are all that there are (0: that is not the reason).
    """

    __slots__ = ("cause", "keys", "settings", "told", "until")

    def __init__(self, settings: CooldownSettings) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """The rest is over."""
        self.until = self.told = 0.0
        self.keys = 0
        self.cause: FailureKind | None = None

    def forgive(self, now: float) -> None:
        """It delivered: what was only guessed is over."""
        if self.told <= now:
            self.reset()

    def failed(self, now: float, kind: FailureKind, retry_after: float | None, beyond: bool | None = None) -> None:
        """Take note of a failure. ``beyond``: it was one too many (None: nobody counts them). A later end always wins:
        a rest is extended, never cut short.
        """
        said = CONSEQUENCES[kind].rests or bool(retry_after)
        if said or beyond:
            self.extend(now + length(self.settings, kind, retry_after), kind, said)

    def extend(self, until: float, kind: FailureKind, said: bool, keys: int = 0) -> None:
        """Rest until then, if that is later than it is anyhow."""
        if said:
            self.told = max(self.told, until)
        if until > self.until:
            self.until, self.cause, self.keys = until, kind, keys


def length(settings: CooldownSettings, kind: FailureKind, retry_after: float | None) -> float:
    """What the upstream asks for and what is configured for rate limits, whichever is longer; else the usual."""
    limited = kind is FailureKind.RATE_LIMITED or kind is FailureKind.QUOTA
    least = (settings.rate_limited or 0.0) if limited else 0.0
    if retry_after:
        return max(min(retry_after, LONGEST), least)
    if kind is FailureKind.QUOTA:
        return max(settings.quota, least)
    return least if limited and settings.rate_limited is not None else settings.seconds
