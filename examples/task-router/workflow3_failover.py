"""Workflow 3, failover: a primary and a backup, and an outage in between.

A task arrives every second, and each takes a good second or two, so that both models have work. From 30 s to 75 s the
primary fails. The breaker sees to it that few tasks meet the outage, and that the primary is back when it is over.
"""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush
from random import Random

from pointsman import CircuitBreakerConfig, Strategy, TaskRouter
from pointsman.fakes import FakeClock

OUTAGE = (30.0, 75.0)
SECONDS, BLOCK, BLOCKS = 1.6, 10, 13
CONFIG = CircuitBreakerConfig(failure_threshold=3, success_threshold=2, timeout=20.0, half_open_requests=1)


def main() -> TaskRouter:
    dice, clock = Random(13), FakeClock(0.0)
    router = TaskRouter(Strategy.LEAST_LOADED, circuit_breaker_config=CONFIG, seed=13, clock=clock)
    router.register_model("primary-model")
    router.register_model("backup-model")
    under_way: list[tuple[float, str, bool, float]] = []

    print("seconds    primary  backup  failed  primary's breaker at the end")
    for block in range(BLOCKS):
        asked, failed = Counter[str](), 0
        for _ in range(BLOCK):
            clock.advance(1.0)
            while under_way and under_way[0][0] <= clock.now:
                _, model, success, latency = heappop(under_way)
                router.record_task_result(model, success, latency)
                failed += not success
            model = router.route_task("critical task")
            success = model != "primary-model" or not OUTAGE[0] <= clock.now < OUTAGE[1]
            latency = SECONDS * dice.uniform(0.8, 1.2)
            heappush(under_way, (clock.now + latency, model, success, latency))
            asked[model] += 1
        status = router.get_circuit_breaker_status("primary-model")
        again = f", tried again in {status.retry_after:.0f} s" if status else ""
        told = f"{asked['primary-model']:>7} {asked['backup-model']:>7} {failed:>7}  {status.state}{again}"
        print(f"{block * BLOCK + 1:>3} - {(block + 1) * BLOCK:<5}{told}")

    print()
    for _, model, success, latency in sorted(under_way):
        router.record_task_result(model, success, latency)
    for model, m in router.get_all_metrics().items():
        print(f"{model}: {m.successful_tasks} of {m.total_requests} succeeded")
    return router


if __name__ == "__main__":
    main()
