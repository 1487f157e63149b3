"""Who had too many errors of late: still served, but with half the share.

Who may be asked at all is the breaker's and the cooldown's business; a deployment may be degraded long before its
breaker opens. Being told to wait (a rate limit) is not an error.
"""

from __future__ import annotations

from collections import deque

import msgspec


class DegradedSettings(msgspec.Struct, frozen=True):
    """``threshold`` errors within ``window`` seconds, and the deployment is degraded for as long after the last."""

    threshold: int = 3
    window: float = 300.0


class Degraded:
    """Those that are degraded, in ``until``, with the end of it. Without settings nobody ever is."""

    __slots__ = ("_errors", "_settings", "_soonest", "until")

    def __init__(self, settings: DegradedSettings | None = None) -> None:
        self._settings = settings
        self._errors: dict[str, deque[float]] = {}
        self._soonest = 0.0
        self.until: dict[str, float] = {}

    def settle(self, settings: DegradedSettings | None) -> None:
        """Go by these settings from now on. Errors are counted afresh if the threshold is another."""
        if settings is None:
            self.clear()
        elif self._settings is None or self._settings.threshold != settings.threshold:
            self._errors.clear()
        self._settings = settings

    def failed(self, name: str, now: float) -> None:
        """Take note of an error."""
        settings = self._settings
        if settings is None:
            return
        errors = self._errors.get(name)
        if errors is None:
            errors = self._errors[name] = deque(maxlen=max(settings.threshold, 1))
        errors.append(now)
        if len(errors) == errors.maxlen and now - errors[0] <= settings.window:
            self.until[name] = max(now + settings.window, self.until.get(name, 0.0))
            self._soonest = min(self.until.values())

    def recover(self, now: float) -> None:
        """Let go of those whose time is over."""
        if now >= self._soonest:
            self.until = {name: until for name, until in self.until.items() if until > now}
            self._soonest = min(self.until.values(), default=0.0)

    def forget(self, name: str) -> None:
        self._errors.pop(name, None)
        self.until.pop(name, None)

    def clear(self) -> None:
        self._errors.clear()
        self.until.clear()
