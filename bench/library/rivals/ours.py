"""Pointsman's TaskRouter. In the simulated world a prompt begins with its category, which the detector reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library import subject
from library.facts import PLAIN
from pointsman import __version__ as VERSION  # noqa: N812  as the other rivals name theirs
from pointsman.errors import NoCandidate
from pointsman.library import Strategy, TaskCategory, TaskRouter

if TYPE_CHECKING:
    from collections.abc import Callable

STRATEGIES = tuple(each.value for each in Strategy)

__all__ = ["STRATEGIES", "VERSION", "Ours", "chooser", "steps"]


def steps(strategy: str, models: int) -> tuple[Callable[[], str], Callable[[str], None]]:
    """A choice, and its result."""
    return subject.steps_of(subject.router_of(Strategy(strategy), models, PLAIN))


def first_word(prompt: str) -> TaskCategory:
    """Of the simulated world's prompts."""
    return TaskCategory(prompt.partition(" ")[0])


class Ours:
    """In the simulated world. A router is told of a result by the model's id alone."""

    def __init__(self, strategy: str, names: list[str], now: Callable[[], float], seed: int) -> None:
        self._router = TaskRouter(strategy, seed=seed, clock=now, detector=first_word)
        for name in names:
            self._router.register_model(name)

    def choose(self, category: str) -> tuple[str, str] | None:
        try:
            return self._router.route_task(category), category
        except NoCandidate:
            return None

    def ended(self, name: str, task: str, *, good: bool, seconds: float) -> None:
        self._router.record_task_result(name, good, seconds, task)


def chooser(strategy: str, names: list[str], now: Callable[[], float], seed: int) -> Ours:
    return Ours(strategy, names, now, seed)
