"""A bandit: finds out by itself which strategy and which models pay, and tells what finding out has cost.

Three simulated models, each good at something; nobody says which strategy to take. It explores at first, then less and
less. Regret is what was lost against the best choice from the beginning on, estimated from the results.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from pointsman import Strategy, TaskRouter
from pointsman.fakes import FakeClock

MODELS = {"coder": 0.4, "tester": 0.6, "writer": 0.8}
"""Seconds."""

PROMPTS = {"coder": "implement a queue", "tester": "write tests for the queue", "writer": "document the queue"}
"""What each is good at."""

GOOD, POOR = 0.97, 0.5
BLOCK, BLOCKS = 100, 6


def main() -> TaskRouter:
    dice, clock = Random(14), FakeClock()
    router = TaskRouter(Strategy.BANDIT, seed=14, clock=clock)
    for model in MODELS:
        router.register_model(model)

    print("tasks        at the best model  succeeded  regret a task")
    before = 0.0
    for block in range(BLOCKS):
        asked, good = Counter[bool](), 0
        for _ in range(BLOCK):
            best, prompt = dice.choice(list(PROMPTS.items()))
            model = router.route_task(prompt)
            success = dice.random() < (GOOD if model == best else POOR)
            latency = MODELS[model] * dice.uniform(0.8, 1.2)
            clock.advance(latency)
            router.record_task_result(model, success, latency)
            asked[model == best] += 1
            good += success
        regret = router.regret().total
        first = block * BLOCK + 1
        told = f"{asked[True] / BLOCK:>17.0%} {good / BLOCK:>10.0%} {(regret - before) / BLOCK:>14.3f}"
        print(f"{first:>4} - {first + BLOCK - 1:<5} {told}")
        before = regret

    print(f"\n{router.regret()}")
    print(f"\n{router.explain('implement a stack')}")
    return router


if __name__ == "__main__":
    main()
