"""How many requests at a time a deployment bears, learned from how it fares. Optional; time is an argument.

With the time to a stream's first token known the limit follows its gradient: while it stays near its long-run average
the limit grows, when it rises the limit shrinks (Netflix's Gradient2). The time of whole answers depends on their
length and says nothing, so without streams the limit grows by one a round and shrinks by a tenth when the deployment
says that it is overloaded (AIMD). It only grows while at least half of it is used.
"""

from __future__ import annotations

START, LEAST, MOST = 20.0, 1.0, 200.0

TOLERANCE, FLOOR, SPARE, SMOOTHING, LONG = 1.5, 0.5, 4.0, 0.2, 600
"""Gradient2's figures: how much slower than usual is still usual, the steepest fall, the requests that may queue at
the deployment, the weight of a sample, and the samples that the long-run average goes over."""

BACKOFF, PAUSE = 0.9, 1.0
"""The factor after an overload, and the seconds within which further ones are the same."""


class AdaptiveLimit:
    """``limit`` is a number of requests at a time; only whole ones count."""

    __slots__ = ("_cut", "_samples", "_usual", "limit")

    def __init__(self) -> None:
        self.limit = START
        self._usual = 0.0
        self._samples = 0
        self._cut = float("-inf")

    def delivered(self, in_flight: int, first_token: float | None) -> None:
        """An answer came, with so many requests under way, its first token after so many seconds."""
        if first_token is None:
            if in_flight * 2 >= self.limit:
                self.limit = min(self.limit + 1.0 / self.limit, MOST)
            return
        self._samples = min(self._samples + 1, LONG)
        self._usual += (first_token - self._usual) / self._samples
        gradient = max(FLOOR, min(1.0, TOLERANCE * self._usual / first_token)) if first_token > 0 else 1.0
        if gradient < 1.0 or in_flight * 2 >= self.limit:
            wanted = self.limit * gradient + SPARE
            self.limit = max(LEAST, min(self.limit + SMOOTHING * (wanted - self.limit), MOST))

    def overloaded(self, now: float) -> None:
        """It was told to be too much."""
        if now - self._cut >= PAUSE:
            self._cut = now
            self.limit = max(LEAST, self.limit * BACKOFF)
