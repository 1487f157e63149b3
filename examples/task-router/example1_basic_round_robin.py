"""Round robin: every model has its turn, in the order in which they were registered.

What a program does with a router is always the same: register models, ask who shall do a task, do it, tell what came of
it. The models are simulated here: each takes about its time, and never fails.
"""

from __future__ import annotations

from random import Random

from pointsman import Strategy, TaskRouter

SECONDS = {"model-1": 0.8, "model-2": 1.2, "model-3": 2.0}
TASKS = [
    "implement a binary search algorithm",
    "write unit tests for the parser",
    "document the public API",
    "refactor the settings module",
    "fix the crash at start-up",
    "review this pull request",
    "implement a ring buffer",
]


def main() -> TaskRouter:
    dice = Random(1)
    router = TaskRouter(Strategy.ROUND_ROBIN)
    for model, seconds in SECONDS.items():
        router.register_model(model, seconds)  # the instance is whatever does the work: here, how long it takes

    print(f"{'task':<36} {'category':<14} {'model':<8} seconds")
    for task in TASKS:
        model = router.route_task(task)
        category = router.get_task_category(task)
        latency = router.get_instance(model) * dice.uniform(0.8, 1.2)
        router.record_task_result(model, True, latency, category)
        print(f"{task:<36} {category.value:<14} {model:<8} {latency:7.2f}")

    print("\nmodel    tasks  seconds in all")
    for model, metrics in router.get_all_metrics().items():
        print(f"{model:<8} {metrics.total_requests:>5}  {metrics.total_requests * metrics.average_latency:14.2f}")
    print("\nTurns are equal, work is not: model-3 is the slowest and was asked as often. See examples 2 and 6.")
    return router


if __name__ == "__main__":
    main()
