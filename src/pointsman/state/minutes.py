"""A rolling minute of many: how much happened in the last sixty seconds, by row. Time is an argument.

What ``window.Minute`` is for one, for a whole table: when a second is over, what happened in it sixty seconds before is
taken off, from those rows where something did. So the totals of all are right at once, and may be read as a column.
"""

from __future__ import annotations

from collections.abc import MutableSequence

from pointsman.state.window import SECONDS


class Minutes:
    """Counts over the last 60 s, exact to a second; O(1) amortised. ``totals``: by row, right after ``advance``.
    ``counts``: what happened in ``second``, by row.
    """

    __slots__ = ("_seconds", "counts", "second", "totals")

    def __init__(self, rows: int) -> None:
        self._seconds: list[dict[int, int]] = [{} for _ in range(SECONDS)]
        self.second = 0
        self.counts = self._seconds[0]
        self.totals: MutableSequence[int] = [0] * rows

    def advance(self, now: float) -> None:
        """Forget what is older than a minute. A clock that steps back changes nothing."""
        second = int(now)
        if second <= self.second:
            return
        totals = self.totals
        for past in range(max(self.second, second - SECONDS) + 1, second + 1):
            counts = self._seconds[past % SECONDS]
            for row, amount in counts.items():
                totals[row] -= amount
            counts.clear()
        self.second = second
        self.counts = self._seconds[second % SECONDS]

    def since(self, row: int) -> list[int]:
        """The row's counts, second by second, the oldest first."""
        return [self._seconds[(self.second + 1 + age) % SECONDS].get(row, 0) for age in range(SECONDS)]

    def forget(self, row: int) -> None:
        """Nothing happened there."""
        for counts in self._seconds:
            counts.pop(row, None)
        self.totals[row] = 0


class RowMinute:
    """One row of them, used as ``window.Minute`` is."""

    __slots__ = ("_minutes", "_row")

    def __init__(self, minutes: Minutes, row: int) -> None:
        self._minutes = minutes
        self._row = row

    def add(self, now: float, amount: int) -> None:
        minutes, row = self._minutes, self._row
        if now >= minutes.second + 1:
            minutes.advance(now)
        counts = minutes.counts
        counts[row] = counts.get(row, 0) + amount
        minutes.totals[row] += amount

    @property
    def total(self) -> int:
        return self._minutes.totals[self._row]

    def advance(self, now: float) -> int:
        """Forget what is older than a minute and return what is left."""
        self._minutes.advance(now)
        return self.total

    def until_below(self, now: float, limit: int) -> float:
        """Seconds until the total is below ``limit`` if nothing more happens."""
        left = self.advance(now)
        if left < limit:
            return 0.0
        second = self._minutes.second
        for age, count in enumerate(self._minutes.since(self._row)):
            left -= count
            if left < limit:
                return max(second + 1 + age - now, 0.0)
        return float(SECONDS)
