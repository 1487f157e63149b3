"""What a monitor reads, and from whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False):
    """How much of each resource is in use, 0..1, at a moment of the monitor's clock (seconds). None: nobody knows."""

    cpu: float | None = None
    memory: float | None = None
    gpu: float | None = None
    gpu_memory: float | None = None
    at: float = 0.0

    @property
    def greatest(self) -> float | None:
        """Of the resource that is shortest."""
        known = [figure for figure in (self.cpu, self.memory, self.gpu, self.gpu_memory) if figure is not None]
        return max(known, default=None)


Figures = dict[str, float]
"""By the names of Usage's fields, those that are known."""

Look = Callable[[int | None], Figures]
"""Of the process of this number with all that it has started, of None the whole machine's. Empty if it is gone."""


class Source(Protocol):
    """Tells of one kind of resource. Used by one thread at a time; may raise anything, which is told as its state."""

    @property
    def name(self) -> str: ...

    def look(self) -> Look:
        """The present: one look for all that is asked of it."""
        ...
