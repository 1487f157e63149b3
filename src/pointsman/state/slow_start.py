"""Slow start: who comes back from an open breaker is not given its whole share at once, or it might be gone again.

The share grows evenly from a tenth to the whole. Source: Envoy's ``slow_start_config``, aggression 1.
"""

from __future__ import annotations

from collections.abc import Iterator

LEAST = 0.1
"""The share to begin with; Envoy's ``min_weight_percent``."""


class SlowStart:
    """Who is coming back, in ``since``: when that began, and how many seconds it takes."""

    __slots__ = ("since",)

    def __init__(self) -> None:
        self.since: dict[str, tuple[float, float]] = {}

    def begin(self, name: str, now: float, seconds: float) -> None:
        if seconds > 0:
            self.since[name] = now, seconds

    def end(self, name: str) -> None:
        """It rests again, or is gone."""
        self.since.pop(name, None)

    def shares(self, now: float) -> Iterator[tuple[str, float]]:
        """Who has less than its whole share, and what part of it. Those whose time is over are let go of."""
        over = []
        for name, (began, seconds) in self.since.items():
            grown = max(now - began, 0.0) / seconds
            if grown >= 1.0:
                over.append(name)
            else:
                yield name, LEAST + (1.0 - LEAST) * grown
        for name in over:
            del self.since[name]
