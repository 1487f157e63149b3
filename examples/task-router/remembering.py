"""A store: what a router has learned survives the end of its program.

Two programs, one after the other, with one SQLite file: the second goes on where the first one ended, with its
counts, its latencies and an open breaker, so nobody is tried out anew.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pointsman import Strategy, TaskRouter

MODELS = {"good": (0.98, 0.4), "slow": (0.98, 1.6), "broken": (0.0, 0.1)}
"""How often each succeeds, and its seconds."""

TASKS = 30


def started(file: Path, strategy: Strategy) -> TaskRouter:
    """What a program does when it begins."""
    router = TaskRouter(strategy, store=file, seed=9)
    for model in MODELS:
        router.register_model(model)
    return router


def told(router: TaskRouter) -> None:
    for model, m in router.get_all_metrics().items():
        state = router.get_circuit_breaker_status(model).state
        print(f"  {model:<7} {m.total_requests:>3} results, {m.average_latency:.2f} s, breaker {state}")


def main() -> TaskRouter:
    dice = Random(9)
    with TemporaryDirectory() as folder:
        file = Path(folder, "metrics.db")

        first = started(file, Strategy.ROUND_ROBIN)
        for number in range(TASKS):
            model = first.route_task(f"write test number {number}")
            rate, seconds = MODELS[model]
            first.record_task_result(model, dice.random() < rate, seconds * dice.uniform(0.8, 1.2))
        print("The first program, as it ends:")
        told(first)
        first.close()  # saves; the interpreter's end would have done it too

        second = started(file, Strategy.PERFORMANCE)
        print(f"The second one, as it begins, with the same {file.name}:")
        told(second)
        with second.task("write the first test") as model:
            print(f"Its first task goes to {model}: {second.explain('write the first test').reason}")
        second.close()
    return second


if __name__ == "__main__":
    main()
