"""A shuffle with the cooldown that LiteLLM 1.106 has by default, written anew for a simulated clock.

A deployment that fails more than half of at least five requests of a minute is left out for five seconds; then it has
its whole share again.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "as in 1.106"
STRATEGIES = ("simple-shuffle",)
SHARE, REQUESTS, PAUSE_SECONDS, MINUTE = 0.5, 5, 5.0, 60.0


class Shuffle:
    """Counts begin anew with each minute."""

    def __init__(self, names: list[str], now: Callable[[], float], seed: int) -> None:
        self._names = names
        self._now = now
        self._dice = Random(seed)
        self._until = dict.fromkeys(names, 0.0)
        self._counts: dict[tuple[str, int], list[int]] = {}

    def choose(self, category: str) -> tuple[str, None] | None:
        del category
        now = self._now()
        well = [name for name in self._names if self._until[name] <= now]
        return (self._dice.choice(well), None) if well else None

    def ended(self, name: str, task: None, *, good: bool, seconds: float) -> None:
        del task, seconds
        now = self._now()
        counts = self._counts.setdefault((name, int(now // MINUTE)), [0, 0])
        counts[good] += 1
        if not good and sum(counts) >= REQUESTS and counts[0] > SHARE * sum(counts) and self._until[name] <= now:
            self._until[name] = now + PAUSE_SECONDS


def chooser(strategy: str, names: list[str], now: Callable[[], float], seed: int) -> Shuffle:
    del strategy
    return Shuffle(names, now, seed)
