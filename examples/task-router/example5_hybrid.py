"""Hybrid: affinity where the evidence for somebody is strong, performance everywhere else.

One model has done many coding tasks well. Of documentation tasks nobody has done any, so the quickest reliable model
gets them.
"""

from __future__ import annotations

from collections import Counter

from pointsman import Strategy, TaskCategory, TaskRouter

SECONDS = {"coder": 0.9, "sprinter": 0.3, "allrounder": 0.6}
TASKS = ("implement a queue", "document the queue")
TIMES = 100


def shares(router: TaskRouter) -> None:
    for task in TASKS:
        told = router.explain(task).reason
        asked: Counter[str] = Counter()
        for _ in range(TIMES):
            model = router.route_task(task)
            asked[model] += 1
            router.record_task_result(
                model, True, SECONDS[model], TaskCategory.UNKNOWN
            )  # nothing more is learned of it
        shown = ", ".join(f"{model} {count}" for model, count in asked.most_common())
        print(f"  {task:<20} {shown:<38} {told}")


def prepared(strategy: Strategy) -> TaskRouter:
    router = TaskRouter(strategy, seed=5)
    for model in SECONDS:
        router.register_model(model)
    for _ in range(12):
        router.record_task_result("coder", True, SECONDS["coder"], TaskCategory.CODING)
        router.record_task_result("sprinter", True, SECONDS["sprinter"], TaskCategory.DEBUGGING)
        router.record_task_result("allrounder", True, SECONDS["allrounder"], TaskCategory.DEBUGGING)
    return router


def main() -> TaskRouter:
    for strategy in (Strategy.AFFINITY, Strategy.PERFORMANCE, Strategy.HYBRID):
        router = prepared(strategy)
        print(f"{strategy.value}, of {TIMES} tasks each:")
        shares(router)
    return router


if __name__ == "__main__":
    main()
