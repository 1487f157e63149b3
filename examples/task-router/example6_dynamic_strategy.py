"""Another strategy while the program runs: the same tasks, the same models, other shares.

A task arrives every half a second. A model does one at a time, so a task waits for those that its model was given
before. What was learned stays when the strategy changes.
"""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush
from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

SECONDS = {"small": 0.4, "medium": 0.8, "large": 1.6}
EVERY, TASKS = 0.5, 200
PLAN = [Strategy.RANDOM, Strategy.ROUND_ROBIN, Strategy.LEAST_LOADED, Strategy.PERFORMANCE]


def run(router: TaskRouter, clock: FakeClock, dice: Random) -> tuple[Counter[str], float]:
    """Who had how many of the tasks, and the mean seconds from a task's arrival to its end."""
    asked, under_way, free, spent = Counter[str](), list[tuple[float, float, str]](), dict.fromkeys(SECONDS, 0.0), 0.0
    for _ in range(TASKS):
        clock.advance(EVERY)
        while under_way and under_way[0][0] <= clock.now:
            _, latency, model = heappop(under_way)
            router.record_task_result(model, True, latency)
        model = router.route_task("implement a function")
        free[model] = max(free[model], clock.now) + SECONDS[model] * dice.uniform(0.8, 1.2)
        heappush(under_way, (free[model], free[model] - clock.now, model))
        asked[model] += 1
        spent += free[model] - clock.now
    for _, latency, model in sorted(under_way):
        router.record_task_result(model, True, latency)
    return asked, spent / TASKS


def main() -> TaskRouter:
    dice, clock = Random(6), FakeClock()
    router = TaskRouter(seed=6, clock=clock)
    for model in SECONDS:
        router.register_model(model)

    print(f"{'strategy':<14} {''.join(f'{model:>8}' for model in SECONDS)}   mean seconds")
    for strategy in PLAN:
        router.set_routing_strategy(strategy)
        asked, mean = run(router, clock, dice)
        shares = "".join(f"{asked[model] / TASKS:>8.1%}" for model in SECONDS)
        print(f"{router.strategy.value:<14} {shares}   {mean:12.2f}")
    return router


if __name__ == "__main__":
    main()
