"""What a router remembers, as it is kept: a frozen copy that is plain enough to be JSON. Pure.

A monotonic clock does not survive a restart, so every moment in here is wall-clock, in epoch seconds; ``Clocks`` leads
from one to the other. What changes the form of these structs makes a new ``VERSION`` and an upgrade (``rows.py``).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from pointsman.model.view import Clock
from pointsman.state.breaker import State

VERSION = 1
"""Of the form below."""

DRIFT = 1.0
"""Seconds by which two clocks may part before they are compared anew."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Openings = Annotated[int, msgspec.Meta(ge=0, le=32)]


class PastResult(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One request: when it ended, how many seconds it took (None: not known) and whether it delivered."""

    ended: float
    seconds: Amount | None = None
    delivered: bool = True


class Evidence(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Successes and failures, older ones weighing less, as they weighed at the moment ``at``."""

    good: Amount
    bad: Amount
    at: float


class BreakerSnapshot(msgspec.Struct, frozen=True):
    """``failures`` in a row; ``successes`` since it is half-open; ``openings`` so far, which make the next one longer;
    ``until`` when it is open; ``cause``: what opened it, if not failures in a row.
    """

    state: State = State.CLOSED
    failures: Count = 0
    successes: Count = 0
    openings: Openings = 0
    until: float = 0.0
    cause: str = ""


class ModelSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of one model. ``routed`` counts choices, the others recorded results. ``latency_total`` are the
    seconds of ``latency_count`` results; ``results`` the last 100, oldest first; ``evidence`` is by category.
    ``breaker`` is for failures of its own, ``place_breaker`` for those of where it runs: nobody is there to answer.
    """

    id: str
    routed: Count = 0
    total_requests: Count = 0
    successful_tasks: Count = 0
    failed_tasks: Count = 0
    latency_total: Amount = 0.0
    latency_count: Count = 0
    results: tuple[PastResult, ...] = ()
    evidence: dict[str, Evidence] = {}
    breaker: BreakerSnapshot = BreakerSnapshot()
    place_breaker: BreakerSnapshot = BreakerSnapshot()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A router at the moment ``taken``; its ``models`` in any order. ``arms`` are numbers, by name, of a strategy that
    learns, which alone knows what they mean.
    """

    taken: float
    strategy: str | None = None
    arms: dict[str, tuple[float, ...]] = {}
    models: tuple[ModelSnapshot, ...] = ()


class Clocks(msgspec.Struct, frozen=True):
    """The same moment on two clocks: ``here``, as this process counts seconds, and ``wall``.

    Keep one for as long as it holds (``renewed``) instead of reading both clocks for every snapshot: the same moment
    then always gives the same number, and what has not changed is not written again.
    """

    here: float
    wall: float

    @classmethod
    def read(cls, clock: Clock, wall: Clock) -> Clocks:
        return cls(clock(), wall())

    def renewed(self, clock: Clock, wall: Clock) -> Clocks:
        """These, unless the wall clock was set in the meantime."""
        now = Clocks.read(clock, wall)
        return now if abs(self.to_wall(now.here) - now.wall) > DRIFT else self

    def to_wall(self, moment: float) -> float:
        """A moment of this process, to be kept."""
        return self.wall + (moment - self.here)

    def to_here(self, moment: float, taken: float) -> float:
        """A moment that was kept, as this process counts. If the wall clock says that it is before the snapshot was
        ``taken``, no time has passed since: nobody rests longer because a clock was set back.
        """
        return self.here - max(self.wall - taken, 0.0) + (moment - taken)
