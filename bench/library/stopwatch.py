"""Microseconds of a choice and of its result, in alternation as a program has them. Standard library only: rivals run
this file in environments of their own.
"""

from __future__ import annotations

import gc
from statistics import median
from time import perf_counter, perf_counter_ns, process_time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Chosen = TypeVar("Chosen")
Measured = TypeVar("Measured")

FEWEST, MOST = 5, 2_000
"""Calls of one measurement."""

PILOT = 5

PATIENCE, LOST = 4, 0.03
"""Attempts at a measurement, and the share of its time for which this process had no processor, from which it counts as
disturbed.
"""


def clock_us() -> float:
    """What one reading of the clock adds to every time."""
    times = []
    for _ in range(2_000):
        begun = perf_counter_ns()
        times.append(perf_counter_ns() - begun)
    return median(times) / 1_000


CLOCK_US = clock_us()


def pairs(route: Callable[[], Chosen], report: Callable[[Chosen], object], calls: int) -> tuple[float, float]:
    """Means of ``calls`` choices and of their results, each choice followed by its result. The collector runs too."""
    now = perf_counter_ns
    routing = reporting = 0
    for _ in range(calls):
        begun = now()
        chosen = route()
        routed = now()
        report(chosen)
        reporting += now() - routed
        routing += routed - begun
    return routing / 1_000 / calls - CLOCK_US, reporting / 1_000 / calls - CLOCK_US


def alone(route: Callable[[], Chosen], report: Callable[[Chosen], object], calls: int) -> float:
    """Mean of ``calls`` choices one after the other; what came of them is told when the time is taken."""
    chosen = []
    begun = perf_counter_ns()
    for _ in range(calls):
        chosen.append(route())  # noqa: PERF401  the list is needed, not its speed
    us = (perf_counter_ns() - begun) / 1_000 / calls
    for one in chosen:
        report(one)
    return us


def calmest(measure: Callable[[], Measured]) -> Measured:
    """Measures again while other processes disturb it; of the attempts, the one that they disturbed least."""
    attempts: list[tuple[float, Measured]] = []
    while len(attempts) < PATIENCE and not (attempts and attempts[-1][0] < LOST):
        begun, used = perf_counter(), process_time()
        found = measure()
        attempts.append((1 - (process_time() - used) / (perf_counter() - begun), found))
    return min(attempts, key=lambda attempt: attempt[0])[1]


def calls_within(seconds: float, route: Callable[[], Chosen], report: Callable[[Chosen], object]) -> int:
    """How many pairs take about that long; warms up as well."""
    pairs(route, report, PILOT)
    gc.collect()
    us = sum(pairs(route, report, PILOT))
    return max(FEWEST, min(MOST, int(seconds * 1e6 / us)))
