"""The router that is measured: models with results of their own, and what a program does with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from library.facts import LIMITED, OPEN, ZONED
from pointsman.library import CircuitBreakerConfig, Limits, Strategy, TaskCategory, TaskRouter

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPT = "implement a binary search over a sorted list of intervals"
HERE, THERE = "eu/paris", "us/east"
RESULTS = 20
FAILURES = 5
"""In a row: they open a breaker."""

AMPLE = Limits(max_parallel=1_000_000, rpm=100_000_000, tpm=1_000_000_000)
LASTING = CircuitBreakerConfig(failure_threshold=FAILURES, timeout=3_600)

TIMES = tuple(0.2 + 0.001 * (at * 37 % 1_009) for at in range(1_009))
"""Seconds that tasks take; no two alike."""


def router_of(strategy: Strategy, models: int, case: str) -> TaskRouter:
    """``models`` with 20 results each, every model with times of its own."""
    router = TaskRouter(
        strategy, seed=1, circuit_breaker_config=LASTING, zone=HERE if case == ZONED else None, detector=coding
    )
    for number in range(models):
        zone = (HERE, THERE)[number % 2] if case == ZONED else None
        router.register_model(f"m{number}", zone=zone, limits=AMPLE if case == LIMITED else None, cost=1 + number % 5)
    for number in range(models):
        for each in range(RESULTS):
            took = TIMES[(number * 53 + each * 7) % len(TIMES)]
            router.record_task_result(f"m{number}", each != number % RESULTS, took, TaskCategory.CODING)
    router.get_all_metrics()  # the first to ask has the figures made
    if case == OPEN:
        for _ in range(FAILURES):
            router.record_task_result("m0", success=False, latency=0.1, category=TaskCategory.CODING)
        if not router.get_circuit_breaker_status("m0"):
            raise RuntimeError("the breaker should be open")
    return router


def coding(prompt: str) -> TaskCategory:
    """A detector that takes no time."""
    del prompt
    return TaskCategory.CODING


def steps_of(router: TaskRouter) -> tuple[Callable[[], str], Callable[[str], None]]:
    """One choice, and one good result for whoever was chosen, in a time that differs from the last one."""
    record, coding_task, count, at = router.record_task_result, TaskCategory.CODING, len(TIMES), 0

    def report(model: str) -> None:
        nonlocal at
        at = at + 1 if at + 1 < count else 0
        record(model, True, TIMES[at], coding_task)

    return partial(router.route_task, PROMPT), report
