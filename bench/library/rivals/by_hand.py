"""What is written in ten minutes: round robin behind a lock, and a set of who is not well.

It knows nothing else: no results, latencies or counts, nobody comes back by himself, no limits, nothing under way, no
category, no reason for a choice.
"""

from __future__ import annotations

from itertools import cycle
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VERSION = "about twenty lines"
STRATEGIES = ("round robin",)


class RoundRobin:
    """Thread-safe."""

    def __init__(self, names: Iterable[str]) -> None:
        listed = list(names)
        self._size = len(listed)
        self._turns = cycle(listed)
        self._unwell: set[str] = set()
        self._lock = Lock()

    def pick(self) -> str:
        """Raises LookupError."""
        with self._lock:
            for _ in range(self._size):
                name = next(self._turns)
                if name not in self._unwell:
                    return name
        raise LookupError("nobody is well")

    def mark(self, name: str, *, well: bool) -> None:
        with self._lock:
            if well:
                self._unwell.discard(name)
            else:
                self._unwell.add(name)


def steps(strategy: str, models: int) -> tuple[Callable[[], str], Callable[[str], None]]:
    """A choice, and what is done with its result."""
    del strategy
    turns = RoundRobin(f"m{number}" for number in range(models))
    mark = turns.mark
    return turns.pick, lambda name: mark(name, well=True)
