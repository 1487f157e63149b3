"""Workflow 1, performance optimisation: take turns until every model has a history, then go by it.

A program would do this without end; this one stops after a number of tasks. The models are simulated. Changes of
strategy are told, with the reason.
"""

from __future__ import annotations

from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

MODELS = {"model-a": (0.95, 1.8), "model-b": (0.99, 0.7), "model-c": (0.85, 1.0)}
"""How often each succeeds, and its seconds."""

HISTORY, TASKS = 30, 200
"""Results that each model must have before the strategy changes, and tasks afterwards."""

PROMPTS = ["implement a stack", "write tests for the stack", "document the stack", "fix the stack's overflow"]


def execute_task(model: str, dice: Random, clock: FakeClock) -> tuple[bool, float]:
    rate, seconds = MODELS[model]
    latency = seconds * dice.uniform(0.8, 1.2)
    clock.advance(latency)
    return dice.random() < rate, latency


def work(router: TaskRouter, dice: Random, clock: FakeClock) -> tuple[bool, float]:
    """One task from beginning to end."""
    task = dice.choice(PROMPTS)
    model = router.route_task(task)
    success, latency = execute_task(model, dice, clock)
    router.record_task_result(model, success, latency, router.get_task_category(task))
    return success, latency


def told(router: TaskRouter, results: list[tuple[bool, float]]) -> None:
    good, spent = sum(success for success, _ in results), sum(latency for _, latency in results)
    print(f"{len(results)} tasks by {router.strategy.value}: {good / len(results):.1%} succeeded,", end=" ")
    print(f"{spent / len(results):.2f} s on average")


def main() -> TaskRouter:
    dice, clock = Random(11), FakeClock()
    router = TaskRouter(Strategy.ROUND_ROBIN, seed=11, clock=clock)
    for model in MODELS:
        router.register_model(model)

    results = []
    while min(metrics.total_requests for metrics in router.get_all_metrics().values()) < HISTORY:
        results.append(work(router, dice, clock))
    told(router, results)
    for model, m in router.get_all_metrics().items():
        print(f"  {model}: {m.total_requests} results, success {m.success_rate:.1%}, {m.average_latency:.2f} s")

    before = router.strategy
    router.set_routing_strategy(Strategy.PERFORMANCE)
    print(f"strategy: {before.value} -> {router.strategy.value}, for every model has {HISTORY} results")
    told(router, [work(router, dice, clock) for _ in range(TASKS)])
    for model, m in router.get_all_metrics().items():
        print(f"  {model}: {m.total_requests} results in all, {m.total_requests - HISTORY} since the change")
    return router


if __name__ == "__main__":
    main()
