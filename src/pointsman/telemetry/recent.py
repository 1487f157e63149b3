"""Counts of the last minutes: kept in slots of time, the oldest of which go."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

WIDTH, MOST = 15.0, 20
"""Seconds of a slot, and how many there are: five minutes."""


def slot_of(when: float) -> int:
    """The number of the slot that a time (seconds) is in."""
    return int(when // WIDTH)


class Recent(Generic[K]):
    """Not thread-safe. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._slots: deque[tuple[int, defaultdict[K, float]]] = deque(maxlen=MOST)

    def at(self, when: float) -> defaultdict[K, float]:
        """The counts to add to. What comes late is counted with the newest."""
        number = slot_of(when)
        if not self._slots or self._slots[-1][0] < number:
            self._slots.append((number, defaultdict(float)))
        return self._slots[-1][1]

    def sums(self, now: float) -> dict[K, float]:
        """What was counted in the last five minutes, to the slot."""
        found: defaultdict[K, float] = defaultdict(float)
        for number, counts in self._slots:
            if number > slot_of(now) - MOST:
                for key, count in counts.items():
                    found[key] += count
        return found
