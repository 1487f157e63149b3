"""A rolling minute: how much happened in the last sixty seconds, in one-second buckets. Time is an argument."""

from __future__ import annotations

SECONDS = 60


class Minute:
    """Counts over the last 60 s, exact to a second. O(1) amortised; never more than 60 numbers."""

    __slots__ = ("_buckets", "_second", "total")

    def __init__(self) -> None:
        self._buckets = [0] * SECONDS
        self._second = 0
        self.total = 0

    def add(self, now: float, amount: int) -> None:
        self.advance(now)
        self._buckets[self._second % SECONDS] += amount
        self.total += amount

    def advance(self, now: float) -> int:
        """Forget what is older than a minute and return what is left. A clock that steps back changes nothing."""
        second = int(now)
        passed = second - self._second
        if passed <= 0:
            return self.total
        if passed >= SECONDS:
            self._buckets = [0] * SECONDS
            self.total = 0
        else:
            for past in range(self._second + 1, second + 1):
                slot = past % SECONDS
                self.total -= self._buckets[slot]
                self._buckets[slot] = 0
        self._second = second
        return self.total

    def until_below(self, now: float, limit: int) -> float:
        """Seconds until the total is below ``limit`` if nothing more happens."""
        left = self.advance(now)
        if left < limit:
            return 0.0
        for age in range(SECONDS):
            left -= self._buckets[(self._second + 1 + age) % SECONDS]
            if left < limit:
                return max(self._second + 1 + age - now, 0.0)
        return float(SECONDS)
