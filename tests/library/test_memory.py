"""What a router remembers does not grow with what it is asked."""

import gc
import tracemalloc

from pointsman import Strategy, TaskRouter
from pointsman.library import desk, memo
from pointsman.library.choice import MOST_LINEUPS
from pointsman.state.memory import MOST_UNLISTED

MUCH = 256 * 1024


def grown(do, times):
    """Bytes that ``times`` more calls leave behind, once as many were made."""
    tracemalloc.start()
    for number in range(times):
        do(number)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(times, 2 * times):
        do(number)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def router_of(strategy=Strategy.HYBRID):
    router = TaskRouter(strategy, seed=1, detector=lambda prompt: "coding")
    for name in "abc":
        router.register_model(name)
    return router


def test_results_are_bounded():
    router = router_of()
    assert grown(lambda _: router.record_task_result("a", True, 0.1, "coding"), 3_000) < MUCH


def test_prompts_are_bounded(monkeypatch):
    monkeypatch.setattr(memo, "MOST", 500)
    router = router_of()

    def ask(number):
        router.record_task_result(router.route_task(f"implement number {number} of them"), True, 0.1)

    assert grown(ask, 1_500) < MUCH


def test_tasks_that_nobody_reports_on_are_bounded(monkeypatch):
    monkeypatch.setattr(desk, "MOST_HELD", 500)
    router = router_of(Strategy.RANDOM)
    assert grown(lambda _: router.route_task("implement a queue"), 3_000) < MUCH


def test_wishes_are_bounded():
    router = router_of()
    router.register_model("d", tags=[f"tag {number}" for number in range(4 * MOST_LINEUPS)])
    assert grown(lambda number: router.route_task("one", tags=[f"tag {number}"]), 2 * MOST_LINEUPS) < MUCH


def test_models_that_come_and_go_are_forgotten():
    router = router_of()

    def pass_by(number):
        router.register_model(f"model {number}")
        with router.task("implement a queue"):
            router.unregister_model(f"model {number}")

    assert grown(pass_by, 300) < MUCH


def test_nobody_of_thousands_of_models_is_forgotten():
    router = TaskRouter(Strategy.RANDOM, seed=1, detector=lambda prompt: "coding")
    names = [f"m{number}" for number in range(MOST_UNLISTED + 1)]
    for name in names:
        router.register_model(name)
        router.record_task_result(name, True, 0.1)
    assert [metrics.total_requests for metrics in router.get_all_metrics().values()] == [1] * len(names)
    router.unregister_model("m0")
    router.register_model("m0")
    assert router.get_model_metrics("m0").total_requests == 0
