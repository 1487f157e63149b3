"""What a router keeps: memory after a warm-up, and after many times as much. One phase a process. Prints JSON.

results      record_task_result for 20 models, hybrid, all categories, one failure in a hundred
prompts      route_task and its result for prompts that all differ, one in ten longer than 512 characters
unreported   route_task without a word on what came of it
"""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc
from pathlib import Path
from time import perf_counter

import msgspec

from library.facts import Growth
from library.subject import PROMPT, TIMES
from pointsman.library import Strategy, TaskCategory, TaskRouter

MODELS = 20
CATEGORIES = tuple(TaskCategory)
PAGE = os.sysconf("SC_PAGE_SIZE")
LONG = " and explain what you did, step by step" * 15
FAILING = 100
"""One result in so many is a failure."""


class Load(msgspec.Struct, frozen=True):
    """What to do, how often, and how often before the first reading."""

    what: str
    events: int
    warm_up: int
    traced: bool = False
    cheap: bool = False


def router(load: Load) -> TaskRouter:
    """With the shipped detector, unless a cheap one is asked for."""
    made = TaskRouter(Strategy.HYBRID, seed=1, detector=cheap) if load.cheap else TaskRouter(Strategy.HYBRID, seed=1)
    for number in range(MODELS):
        made.register_model(f"m{number}")
    return made


def cheap(prompt: str) -> TaskCategory:
    """By the length of the prompt."""
    return CATEGORIES[len(prompt) % len(CATEGORIES)]


def results(made: TaskRouter, first: int, last: int) -> None:
    record, names = made.record_task_result, [f"m{number}" for number in range(MODELS)]
    for at in range(first, last):
        record(names[at % MODELS], at % FAILING != 0, TIMES[at % len(TIMES)], CATEGORIES[at % len(CATEGORIES)])


def prompts(made: TaskRouter, first: int, last: int) -> None:
    for at in range(first, last):
        name = made.route_task(f"{PROMPT}, variant {at}{LONG if at % 10 == 0 else ''}")
        made.record_task_result(name, True, TIMES[at % len(TIMES)])


def unreported(made: TaskRouter, first: int, last: int) -> None:
    for _ in range(first, last):
        made.route_task(PROMPT)


WORK = {"results": results, "prompts": prompts, "unreported": unreported}


def mib(*, traced: bool) -> float:
    """Of this process: what Python has allocated, or what is resident."""
    gc.collect()
    if traced:
        return tracemalloc.get_traced_memory()[0] / 2**20
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def measured(load: Load) -> Growth:
    """Before and after."""
    if load.traced:
        tracemalloc.start()
    made, work = router(load), WORK[load.what]
    work(made, 0, load.warm_up)
    before = mib(traced=load.traced)
    begun = perf_counter()
    work(made, load.warm_up, load.events)
    seconds = perf_counter() - begun
    after = mib(traced=load.traced)
    return Growth(
        load.what, load.traced, load.warm_up, load.events, round(before, 2), round(after, 2), round(seconds, 2)
    )


if __name__ == "__main__":
    print(msgspec.json.encode(measured(msgspec.json.decode(sys.argv[1], type=Load))).decode())
