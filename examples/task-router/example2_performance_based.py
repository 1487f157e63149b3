"""Performance: the model that succeeds most often and answers soonest, measured, not configured.

Three simulated models differ in reliability and speed. After a while the best one becomes four times as slow; nobody
tells the router, it finds out from the results.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

MODELS = {"quick": (0.97, 0.5), "careful": (0.99, 1.1), "shaky": (0.70, 0.4)}
"""How often each succeeds, and its seconds."""

BLOCK, BLOCKS, SLOWER_FROM = 25, 8, 2


def main() -> TaskRouter:
    dice, clock = Random(3), FakeClock()
    router = TaskRouter(Strategy.PERFORMANCE, seed=3, clock=clock)
    for model in MODELS:
        router.register_model(model)

    print(f"{'tasks':<9} {''.join(f'{model:>9}' for model in MODELS)}   succeeded  mean seconds")
    for block in range(BLOCKS):
        asked, good, spent = Counter[str](), 0, 0.0
        for _ in range(BLOCK):
            model = router.route_task("implement a parser for dates")
            rate, seconds = MODELS[model]
            slower = 4.0 if model == "quick" and block >= SLOWER_FROM else 1.0
            success, latency = dice.random() < rate, seconds * slower * dice.uniform(0.8, 1.2)
            clock.advance(latency)
            router.record_task_result(model, success, latency)
            asked[model] += 1
            good += success
            spent += latency
        shares = "".join(f"{asked[model] / BLOCK:>8.0%} " for model in MODELS)
        told = "  <- quick is four times as slow now" if block == SLOWER_FROM else ""
        last = (block + 1) * BLOCK
        print(f"{last - BLOCK + 1:>3} - {last:<3} {shares}  {good / BLOCK:>8.0%}  {spent / BLOCK:>12.2f}{told}")

    print("\nWhat it goes by now:")
    for candidate in router.explain("implement a parser for dates").candidates:
        figures = ", ".join(f"{name} {value:.2f}" for name, value in candidate.figures.items())
        print(f"  {candidate.model:<8} {figures}")
    return router


if __name__ == "__main__":
    main()
