"""Strategy.BANDIT in a router: it learns from what is recorded, and from nothing else."""

from __future__ import annotations

from random import Random

import pytest

from pointsman.fakes import FakeClock
from pointsman.library import AsyncTaskRouter, Strategy, TaskCategory, TaskRouter

CODING, TESTING = "implement a binary search", "write unit tests for the parser"

CHANCES = {
    TaskCategory.CODING: {"a": 0.95, "b": 0.6, "c": 0.5},
    TaskCategory.TESTING: {"a": 0.5, "b": 0.6, "c": 0.95},
}


def router(**more) -> TaskRouter:
    made = TaskRouter(Strategy.BANDIT, seed=more.pop("seed", 1), clock=FakeClock(), **more)
    for name in ("a", "b", "c"):
        made.register_model(name)
    return made


def work(made: TaskRouter, tasks: int, seed: int = 1) -> list[str]:
    """Tasks of both categories in turn, and who had them."""
    luck, had = Random(seed), []
    for number in range(tasks):
        prompt = (CODING, TESTING)[number % 2]
        model, category = made.route_task(prompt), made.get_task_category(prompt)
        made.record_task_result(model, luck.random() < CHANCES[category][model], 1.0)
        made.force_health_recovery(model)
        had.append(model)
    return had


def test_each_category_comes_to_its_best_model():
    made = router()
    had = work(made, 1_500)
    assert had[-300::2].count("a") > 120
    assert had[-299::2].count("c") > 120
    regret = made.regret()
    assert regret.rounds == 1_500
    assert {each.context for each in regret.contexts} == {"coding", "testing"}
    assert 0 < regret.per_round < 0.2
    assert str(regret).startswith("regret ")


def test_the_same_seed_gives_the_same_routes():
    assert work(router(), 200) == work(router(), 200) != work(router(seed=2), 200)


def test_an_explanation_says_why_and_counts_nothing():
    made = router()
    work(made, 200)
    before = made.regret()
    told = made.explain(CODING)
    assert told.reason.startswith("bandit: ")
    assert "for coding" in told.reason
    assert {candidate.model for candidate in told.candidates} == {"a", "b", "c"}
    assert all({"results", "mean"} <= candidate.figures.keys() for candidate in told.candidates)
    assert made.regret() == before


def test_results_of_tasks_given_elsewhere_count_for_the_model_alone():
    """They are no rounds: nothing was chosen. So does the category that is told with them."""
    made = router()
    for _ in range(3):
        made.record_task_result("a", True, 1.0, TaskCategory.DEBUGGING)
    regret = made.regret()
    assert (regret.rounds, regret.total) == (0, 0.0)
    (context,) = regret.contexts
    assert [(context.context, arm.arm, arm.pulls, arm.results) for arm in context.arms] == [
        ("debugging", "model:a", 0, 3)
    ]


def test_the_only_model_is_no_choice():
    made = TaskRouter(Strategy.BANDIT, seed=1)
    made.register_model("a")
    made.record_task_result(made.route_task(CODING), True, 1.0)
    assert made.regret().rounds == 0


def test_other_strategies_teach_nothing_and_tasks_under_way_do():
    """A task that the bandit chose for is a round, though another strategy goes on."""
    made = router()
    chosen = made.route_task(CODING)
    made.set_routing_strategy("least_loaded")
    made.record_task_result(chosen, True, 1.0)
    assert made.regret().rounds == 1
    work(made, 20)
    assert made.regret().rounds == 1


def test_tasks_that_raise_are_failures_and_those_given_up_no_results():
    made = router()
    with pytest.raises(ValueError, match="no good"), made.task(CODING):
        raise ValueError("no good")
    with pytest.raises(KeyboardInterrupt), made.task(CODING):
        raise KeyboardInterrupt
    regret = made.regret()
    assert (regret.rounds, regret.reward) == (1, 0.0)


def test_who_leaves_and_what_is_reset_is_forgotten():
    made = router()
    work(made, 100)
    made.unregister_model("a")
    assert "model:a" not in {arm.arm for context in made.regret().contexts for arm in context.arms}
    made.reset_metrics()
    assert made.regret().contexts == ()


async def test_the_async_router_learns_too():
    made = AsyncTaskRouter(Strategy.BANDIT, seed=1)
    made.register_model("a")
    made.register_model("b")
    async with made.task(CODING):
        pass
    assert made.regret().rounds == 1
