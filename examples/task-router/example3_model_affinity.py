"""Affinity: whoever succeeded with tasks of this kind before gets the next one.

It is built by recording results, nothing else: here ten of each specialist, and of a generalist that does three of four
tasks well, whatever they are. The others are still tried once in a while, and a specialist that begins to fail loses
its tasks before its breaker opens.
"""

from __future__ import annotations

from collections import Counter

from pointsman import Strategy, TaskCategory, TaskRouter

SPECIALISTS = {
    "coding-specialist": TaskCategory.CODING,
    "testing-specialist": TaskCategory.TESTING,
    "docs-specialist": TaskCategory.DOCUMENTATION,
}
TASKS = {
    "implement a new function": TaskCategory.CODING,
    "write tests for the function": TaskCategory.TESTING,
    "document the function": TaskCategory.DOCUMENTATION,
}
TIMES = 100


def table(router: TaskRouter) -> None:
    """Who would get each task, asked without giving it to anybody."""
    print(f"{'task':<28} {''.join(f'{model:>20}' for model in router.model_ids)}")
    for task in TASKS:
        asked = Counter(router.explain(task).model for _ in range(TIMES))
        print(f"{task:<28} {''.join(f'{asked[model]:>20}' for model in router.model_ids)}")


def main() -> TaskRouter:
    router = TaskRouter(Strategy.AFFINITY, seed=4)
    for model in ("generalist", *SPECIALISTS):
        router.register_model(model)
    for model, category in SPECIALISTS.items():
        for _ in range(10):
            router.record_task_result(model, True, 0.1, category)
    for category in TASKS.values():
        for success in (True, False, True, True) * 3:
            router.record_task_result("generalist", success, 0.1, category)

    print(f"Of {TIMES} tasks of each kind, by what was recorded:")
    table(router)
    print(f"\n{router.explain('implement a new function')}\n")
    print("Affinity by category, 0..1:")
    for model, metrics in router.get_all_metrics().items():
        told = ", ".join(f"{category} {value:.2f}" for category, value in metrics.affinity.items())
        print(f"  {model:<19} {told}")

    for success in (False, False, False, True) * 3:
        router.record_task_result("coding-specialist", success, 0.1, TaskCategory.CODING)
    print("\nAfter coding-specialist has failed in nine of twelve tasks:")
    table(router)
    return router


if __name__ == "__main__":
    main()
