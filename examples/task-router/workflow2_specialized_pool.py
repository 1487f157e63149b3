"""Workflow 2, a pool of specialists: affinity finds out who is good at what.

Each simulated model is good at one kind of task, told by the words that such tasks begin with. The first router is told
nothing and learns from results alone, where chance has a say in how soon; the second is told what each model is for,
which counts like one success, and learns from there.
"""

from __future__ import annotations

from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

MODELS = {
    "coding-model": ("implement", "write", "create"),
    "test-model": ("test", "verify", "validate"),
    "doc-model": ("document", "comment", "explain"),
}
MEANT_FOR = {"coding-model": "coding", "test-model": "testing", "doc-model": "documentation"}
THINGS = ["the parser", "the cache", "the login", "the export", "the scheduler"]
ROUNDS, TASKS = 5, 300
GOOD, POOR = 0.96, 0.65
"""How often a model succeeds with tasks of its kind, and with others."""


def work(router: TaskRouter, dice: Random, clock: FakeClock) -> tuple[int, int]:
    """A round of tasks: how many went to their specialist, and how many succeeded."""
    right = good = 0
    for _ in range(TASKS):
        task = f"{dice.choice(dice.choice(list(MODELS.values())))} {dice.choice(THINGS)}"
        model = router.route_task(task)
        special = task.startswith(MODELS[model])
        success = dice.random() < (GOOD if special else POOR)
        clock.advance(1.0)
        router.record_task_result(model, success, 1.0, router.get_task_category(task))
        right += special
        good += success
    return right, good


def main() -> TaskRouter:
    for told in (False, True):
        dice, clock = Random(12), FakeClock()
        router = TaskRouter(Strategy.AFFINITY, seed=12, clock=clock)
        for model in MODELS:
            router.register_model(model, capabilities=[MEANT_FOR[model]] if told else [])

        print("told what each is for" if told else "told nothing")
        print("tasks        at their specialist  succeeded")
        for number in range(ROUNDS):
            right, good = work(router, dice, clock)
            first = number * TASKS + 1
            print(f"{first:>4} - {first + TASKS - 1:<5} {right / TASKS:>19.0%} {good / TASKS:>10.0%}")
        for model, metrics in router.get_all_metrics().items():
            affinity = ", ".join(f"{category} {value:.2f}" for category, value in metrics.affinity.items())
            print(f"  {model:<13} {affinity}")
        print()
    print(router.explain("verify the cache"))
    return router


if __name__ == "__main__":
    main()
