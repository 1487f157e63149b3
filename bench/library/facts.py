"""What a run of the library's bench finds: frozen facts, and nothing that measures, compares or prints."""

from __future__ import annotations

from typing import Any

import msgspec

from facts import Absent

PLAIN, OPEN, LIMITED, ZONED = "plain", "a breaker open", "limits on all", "two zones"

SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000)
CASE_SIZES = (10, 100, 1_000)
RIVAL_SIZES = (10, 1_000)


class Step(msgspec.Struct, frozen=True):
    """Microseconds of one strategy among ``models``, one figure a repetition: of ``route_task`` and of
    ``record_task_result`` in alternation, and of ``route_task`` alone.
    """

    strategy: str
    models: int
    case: str
    route: list[float]
    record: list[float]
    alone: list[float]


class Speed(msgspec.Struct, frozen=True):
    """What ``speed.py`` prints."""

    steps: list[Step]
    absent: list[Absent] = []


class Growth(msgspec.Struct, frozen=True):
    """Memory in MiB after ``warm_up`` of ``events``, and after all. ``traced``: by tracemalloc, else resident."""

    what: str
    traced: bool
    warm_up: int
    events: int
    before: float
    after: float
    seconds: float

    @property
    def grown(self) -> float:
        return self.after - self.before


class ThreadRun(msgspec.Struct, frozen=True):
    """``operations`` are choices and results. ``wrong`` names the sums that don't add up."""

    threads: int
    operations: int
    seconds: float
    wrong: list[str]


class Turn(msgspec.Struct, frozen=True):
    """Mean microseconds of a choice and of its result, of one rival in one round."""

    rival: str
    strategy: str
    models: int
    round: int
    route: float
    record: float


class Fate(msgspec.Struct, frozen=True):
    """What became of the tasks of one simulated world: shares of them, and seconds of those that were done."""

    rival: str
    strategy: str
    seed: int
    success: float
    refused: float
    seconds: float


class Figures(msgspec.Struct):
    """Everything a run found; filled while it goes."""

    machine: dict[str, str]
    options: dict[str, Any]
    versions: dict[str, str] = {}
    steps: list[Step] = []
    growths: list[Growth] = []
    threads: list[ThreadRun] = []
    turns: list[Turn] = []
    fates: list[Fate] = []
    absent: list[Absent] = []
