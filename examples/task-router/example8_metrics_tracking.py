"""Metrics: what is known of each model, as a table, as an alarm, and after a reset.

Three simulated models do 300 tasks by turns, the first in two of four of them; one of them fails every fifth time.
"""

from __future__ import annotations

from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

MODELS = {"large": (0.98, 1.5, 2.0), "small": (0.93, 0.6, 1.0), "old": (0.80, 2.4, 1.0)}
"""How often each succeeds, its seconds, its weight."""

TASKS, ENOUGH = 300, 0.85


def table(router: TaskRouter) -> None:
    every = router.get_all_metrics().values()
    routed = sum(metrics.routed for metrics in every) or 1
    print("model   routed  share  results   good  failed  success  average s  median s")
    for m in every:
        rate = "      -" if m.success_rate is None else f"{m.success_rate:7.1%}"
        median = "       -" if m.median_latency is None else f"{m.median_latency:8.2f}"
        print(
            f"{m.model_id:<7} {m.routed:>6} {m.routed / routed:>6.1%} {m.total_requests:>8} {m.successful_tasks:>6}"
            f" {m.failed_tasks:>7}  {rate}  {m.average_latency:9.2f}  {median}"
        )


def main() -> TaskRouter:
    dice, clock = Random(8), FakeClock()
    router = TaskRouter(Strategy.ROUND_ROBIN, seed=8, clock=clock)
    for model, (_, _, weight) in MODELS.items():
        router.register_model(model, weight=weight)

    for number in range(TASKS):
        model = router.route_task(f"write test number {number}")
        rate, seconds, _ = MODELS[model]
        latency = seconds * dice.uniform(0.7, 1.3)
        clock.advance(latency)
        router.record_task_result(model, dice.random() < rate, latency)
    table(router)

    print()
    for m in router.get_all_metrics().values():
        if m.success_rate is not None and m.success_rate < ENOUGH:
            print(f"ALARM: {m.model_id} succeeds in {m.success_rate:.1%} of its tasks, less than {ENOUGH:.0%}")
    print(f"health: {router.health_check()}")
    print(f"router: {router}")

    router.reset_metrics()
    print("\nAfter reset_metrics():")
    table(router)
    return router


if __name__ == "__main__":
    main()
