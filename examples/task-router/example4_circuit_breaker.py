"""A circuit breaker: a model that keeps failing is left out, tried again after its time, and back after successes.

The clock is an argument of the router, so half a minute passes here without waiting.
"""

from __future__ import annotations

from collections import Counter

from pointsman import CircuitBreakerConfig, Strategy, TaskRouter
from pointsman.errors import NoCandidate
from pointsman.fakes import FakeClock

CONFIG = CircuitBreakerConfig(failure_threshold=5, success_threshold=3, timeout=30.0, half_open_requests=2)


def main() -> TaskRouter:
    clock = FakeClock(0.0)
    router = TaskRouter(Strategy.ROUND_ROBIN, circuit_breaker_config=CONFIG, clock=clock)
    router.register_model("flaky-model")
    router.register_model("steady-model")

    def told(what: str) -> None:
        status = router.get_circuit_breaker_status("flaky-model")
        print(f"{clock.now:5.1f} s  {what:<30} {status.state:<9} {status.reason or ''}".rstrip())

    def results(success: bool, times: int) -> None:
        for number in range(1, times + 1):
            clock.advance(0.1)
            router.record_task_result("flaky-model", success, 0.1, "coding")
            told(f"{'success' if success else 'failure'} {number}")

    def shares(times: int = 10) -> None:
        asked = Counter(router.route_task("some task") for _ in range(times))
        for model, count in asked.items():
            for _ in range(count):
                router.record_task_result(model, True, 0.1)
        told(", ".join(f"{model.removesuffix('-model')} {asked[model]}" for model in router.model_ids) + " tasks")

    print("   time  what happens                   flaky-model's breaker")
    told("start")
    results(success=False, times=6)
    shares()

    clock.advance(30.0)
    told("its time is up")
    router.unregister_model("steady-model")  # so that every task has to go to flaky-model
    for number in (1, 2, 3):
        try:
            router.route_task("probe")
            told(f"trial {number}")
        except NoCandidate:
            told(f"trial {number}: two are enough")
    results(success=True, times=3)

    router.register_model("steady-model")
    shares()
    results(success=False, times=5)
    router.force_health_recovery("flaky-model")
    told("force_health_recovery")
    print(f"health_check: {router.health_check()}")
    return router


if __name__ == "__main__":
    main()
