"""A simulated world: five models that are good at different things, one of which fails for a while. Seeded, on a clock
of its own; the same tasks in the same order for everybody. Standard library only.

A task's time is the model's own, spread log-normally, and longer in proportion when the model has more than it can do
at a time. A model that is down fails almost at once, as a refused connection does. A failed task is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple, Protocol

CATEGORIES = ("coding", "refactoring", "testing", "documentation", "debugging", "code_review")
TASKS_A_SECOND = 2.0
AT_A_TIME = 4
"""Tasks that a model does without getting slower."""

SPREAD = 0.35
DOWN_FROM, DOWN_UNTIL = 0.4, 0.6
"""Of the whole time."""

WHEN_DOWN, DOWN_SECONDS = 0.02, 0.05


class Model(NamedTuple):
    """Seconds of a task, the usual share of successes, and where it differs."""

    seconds: float
    usual: float
    special: dict[str, float]


MODELS = {
    "small": Model(0.6, 0.72, {"documentation": 0.95}),
    "coder": Model(1.5, 0.80, {"coding": 0.97, "refactoring": 0.95, "debugging": 0.92}),
    "reviewer": Model(2.0, 0.80, {"code_review": 0.97, "testing": 0.95}),
    "general": Model(1.2, 0.87, {}),
    "large": Model(4.0, 0.94, {}),
}
FAILING = "coder"


class Chooser(Protocol):
    """Who takes part. ``choose`` answers with a model and whatever it wants back with the result, or None."""

    def choose(self, category: str) -> tuple[str, Any] | None: ...
    def ended(self, name: str, task: Any, *, good: bool, seconds: float) -> None: ...


Maker = Callable[[list[str], Callable[[], float], int], Chooser]
"""Is told the models' names, a clock and a seed."""


class Found(NamedTuple):
    """Shares of all tasks, and mean seconds of those that were done."""

    success: float
    refused: float
    seconds: float


class Task(NamedTuple):
    """What is drawn of a task before anybody is chosen, so that everybody has the same luck."""

    at: float
    category: str
    luck: float
    length: float


def tasks(count: int, seed: int) -> list[Task]:
    """In the order of their arrival."""
    dice, at, listed = Random(seed), 0.0, []
    for _ in range(count):
        at += dice.expovariate(TASKS_A_SECOND)
        listed.append(Task(at, dice.choice(CATEGORIES), dice.random(), dice.lognormvariate(0.0, SPREAD)))
    return listed


def lived(make: Maker, count: int, seed: int) -> Found:
    """One life of the world with one chooser."""
    now = 0.0
    chooser = make(list(MODELS), lambda: now, seed)
    whole = count / TASKS_A_SECOND
    under_way: list[tuple[float, int, str, Any, bool, float]] = []
    busy = dict.fromkeys(MODELS, 0)
    good_ones, refused, times = 0, 0, []

    def end_until(moment: float) -> None:
        nonlocal now
        while under_way and under_way[0][0] <= moment:
            now, _, name, task, good, seconds = heappop(under_way)
            busy[name] -= 1
            chooser.ended(name, task, good=good, seconds=seconds)

    for number, task in enumerate(tasks(count, seed)):
        end_until(task.at)
        now = task.at
        chosen = chooser.choose(task.category)
        if chosen is None:
            refused += 1
            continue
        name, kept = chosen
        busy[name] += 1
        good, seconds = came_of(task, name, busy[name], down=DOWN_FROM < now / whole < DOWN_UNTIL)
        good_ones += good
        if good:
            times.append(seconds)
        heappush(under_way, (now + seconds, number, name, kept, good, seconds))
    end_until(float("inf"))
    return Found(good_ones / count, refused / count, sum(times) / max(len(times), 1))


def came_of(task: Task, name: str, busy: int, *, down: bool) -> tuple[bool, float]:
    """Was it a success, and how long did it take?"""
    model = MODELS[name]
    if down and name == FAILING:
        return task.luck < WHEN_DOWN, DOWN_SECONDS
    share = model.special.get(task.category, model.usual)
    return task.luck < share, model.seconds * task.length * max(busy / AT_A_TIME, 1.0)


class AllKnowing:
    """Knows every share beforehand and who is down: takes the likeliest to succeed, whatever time that takes."""

    def __init__(self, names: list[str], now: Callable[[], float], whole: float) -> None:
        self._names, self._now, self._whole = names, now, whole

    def choose(self, category: str) -> tuple[str, None]:
        down = DOWN_FROM < self._now() / self._whole < DOWN_UNTIL
        well = [name for name in self._names if not (down and name == FAILING)]
        return max(well, key=lambda name: MODELS[name].special.get(category, MODELS[name].usual)), None

    def ended(self, name: str, task: None, *, good: bool, seconds: float) -> None:
        """It has nothing to learn."""


def all_knowing(count: int, seed: int) -> Found:
    """The limit of what can be had."""
    return lived(lambda names, now, _: AllKnowing(names, now, count / TASKS_A_SECOND), count, seed)
