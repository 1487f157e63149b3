"""Microseconds of route_task and record_task_result, by strategy, number of models and case. Prints JSON.

Passes over everything alternate, so that a slow minute of the machine does not fall on one strategy alone.
"""

from __future__ import annotations

import gc
import sys
from collections import defaultdict

import msgspec

from facts import Absent
from library import stopwatch
from library.facts import CASE_SIZES, LIMITED, OPEN, PLAIN, SIZES, ZONED, Speed, Step
from library.subject import router_of, steps_of
from pointsman.library import Strategy

SECONDS = 0.012
"""Of one repetition."""


class Effort(msgspec.Struct, frozen=True):
    """How much to measure."""

    passes: int
    repetitions: int
    most_models: int
    strategies: list[str] = []


Key = tuple[Strategy, int, str]


def keys(effort: Effort) -> list[Key]:
    """Every combination there is to measure. With one model, nobody is left when its breaker is open."""
    chosen = [each for each in Strategy if not effort.strategies or each.value in effort.strategies]
    cases = [(size, PLAIN) for size in SIZES] + [(size, case) for case in (OPEN, LIMITED, ZONED) for size in CASE_SIZES]
    return [(each, size, case) for each in chosen for size, case in cases if size <= effort.most_models]


def once(key: Key, repetitions: int) -> Step:
    """A new router, warmed up."""
    route, report = steps_of(router_of(*key))
    calls = stopwatch.calls_within(SECONDS, route, report)
    gc.collect()
    both = [stopwatch.calmest(lambda: stopwatch.pairs(route, report, calls)) for _ in range(repetitions)]
    lone = [stopwatch.calmest(lambda: stopwatch.alone(route, report, calls)) for _ in range(repetitions)]
    strategy, models, case = key
    return Step(strategy.value, models, case, [each[0] for each in both], [each[1] for each in both], lone)


def joined(steps: list[Step]) -> Step:
    """The repetitions of all passes, to the nanosecond."""

    def all_of(name: str) -> list[float]:
        return [round(us, 3) for step in steps for us in getattr(step, name)]

    return msgspec.structs.replace(steps[0], route=all_of("route"), record=all_of("record"), alone=all_of("alone"))


def measured(effort: Effort) -> Speed:
    """A strategy that raises is named with its error, and the others go on."""
    found: dict[Key, list[Step]] = defaultdict(list)
    broken: dict[Key, str] = {}
    for _ in range(effort.passes):
        for key in keys(effort):
            if key in broken:
                continue
            try:
                found[key].append(once(key, effort.repetitions))
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are still to be measured
                broken[key] = f"{type(error).__name__}: {error}"[:200]
    steps = [joined(found[key]) for key in keys(effort) if key not in broken]
    return Speed(
        steps, [Absent(f"{strategy.value}, {n:,} models, {case}", why) for (strategy, n, case), why in broken.items()]
    )


if __name__ == "__main__":
    print(msgspec.json.encode(measured(msgspec.json.decode(sys.argv[1], type=Effort))).decode())
