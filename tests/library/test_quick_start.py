"""The guide's snippets, line by line, in this language."""

from datetime import timedelta

import pytest

from pointsman import CircuitBreakerConfig, Strategy, TaskCategory, TaskRouter


def test_basic_usage():
    router = TaskRouter(Strategy.ROUND_ROBIN)
    instance = object()
    router.register_model("model-1", instance)

    selected = router.route_task("implement a binary search algorithm")
    category = router.get_task_category("implement a binary search algorithm")
    router.record_task_result(selected, True, timedelta(milliseconds=100), category)

    metrics = router.get_model_metrics(selected)
    assert (selected, category) == ("model-1", TaskCategory.CODING)
    assert metrics.successful_tasks / metrics.total_requests * 100 == 100.0
    assert metrics.average_latency == pytest.approx(0.1)
    assert router.get_instance(selected) is router.model_pool.get_instance(selected) is instance


def test_strategies_change_at_run_time():
    router = TaskRouter()
    router.register_model("a")
    router.set_routing_strategy(Strategy.PERFORMANCE)
    assert router.strategy is Strategy.PERFORMANCE
    assert router.route_task("anything") == "a"
    assert {name: metrics.pending for name, metrics in router.get_all_metrics().items()} == {"a": 1}


def test_affinity_is_built_by_recording():
    router = TaskRouter(Strategy.AFFINITY, seed=7)
    for name in ("generalist", "coding-specialist", "newcomer"):
        router.register_model(name)
    for _ in range(10):
        router.record_task_result("coding-specialist", True, 0.1, TaskCategory.CODING)
    chosen = [router.route_task("implement a new function") for _ in range(200)]
    assert chosen.count("coding-specialist") > 180  # the others are tried now and then


def test_a_failing_model_is_left_out_until_it_recovers():
    router = TaskRouter(Strategy.LEAST_LOADED)
    router.register_model("flaky-model")
    router.register_model("steady-model")
    for _ in range(6):
        router.record_task_result("flaky-model", False, 0.1, TaskCategory.CODING)
    assert router.get_circuit_breaker_status("flaky-model")
    assert router.health_check() == {"flaky-model": False, "steady-model": True}
    assert {router.route_task("some task") for _ in range(20)} == {"steady-model"}

    router.force_health_recovery("flaky-model")
    assert not router.get_circuit_breaker_status("flaky-model")
    assert "flaky-model" in {router.route_task("some task") for _ in range(40)}


def test_metrics_are_told_by_name():
    router = TaskRouter()
    router.register_model("model-1")
    for success, latency in ((True, 0.1), (True, 0.2), (False, 0.6)):
        router.record_task_result("model-1", success, latency, TaskCategory.TESTING)
    metrics = router.get_model_metrics("model-1")
    assert (metrics.total_requests, metrics.successful_tasks, metrics.failed_tasks) == (3, 2, 1)
    assert metrics.average_latency == pytest.approx(0.3)
    assert metrics.success_rate == pytest.approx(2 / 3)
    assert metrics.circuit_breaker_open is False
    router.reset_metrics()
    assert router.get_model_metrics("model-1").total_requests == 0


class MyDetector:
    def detect(self, prompt):
        return TaskCategory.REFACTORING if "optimize" in prompt else TaskCategory.UNKNOWN


@pytest.mark.parametrize("detector", [MyDetector(), MyDetector().detect, lambda prompt: "refactoring"])
def test_another_detector(detector):
    router = TaskRouter()
    router.set_task_category_detector(detector)
    assert router.get_task_category("optimize the loop") is TaskCategory.REFACTORING


def test_the_breaker_is_configured_at_construction_and_later():
    usual = CircuitBreakerConfig(
        failure_threshold=5, success_threshold=3, timeout=timedelta(seconds=30), half_open_requests=2
    )
    assert usual.settings() == CircuitBreakerConfig().settings()
    router = TaskRouter(circuit_breaker_config=CircuitBreakerConfig(failure_threshold=1))
    router.register_model("a")
    router.record_task_result("a", False, 1.0)
    assert router.get_circuit_breaker_status("a").state == "open"
    router.force_health_recovery("a")
    router.circuit_breaker_config = CircuitBreakerConfig(failure_threshold=3)
    for opened in (False, False, True):
        router.record_task_result("a", False, 1.0)
        assert bool(router.get_circuit_breaker_status("a")) is opened


def test_failover_with_a_breaker():
    router = TaskRouter(Strategy.LEAST_LOADED, seed=1)
    router.register_model("primary-model", "primary instance")
    router.register_model("backup-model", "backup instance")
    for _ in range(5):
        router.record_task_result("primary-model", False, 0.2, "coding")
    assert router.route_task("another-task") == "backup-model"


def test_what_a_model_is_said_to_be_capable_of_counts_from_the_start():
    router = TaskRouter(Strategy.AFFINITY, seed=2)
    for name, words in {"coding-model": ["coding"], "test-model": ["testing"], "doc-model": ["documentation"]}.items():
        router.register_model(name, capabilities=words)
    assert router.explain("write unit tests for the parser").model == "test-model"
    assert router.explain("document the parser").model == "doc-model"
    router.reset_metrics()
    assert router.explain("write unit tests for the parser").model == "test-model"


def test_a_capability_is_a_category_in_any_spelling():
    router = TaskRouter(Strategy.AFFINITY, seed=2)
    for name, words in {"coding-model": ["Coding"], "test-model": ["tests", "other"], "doc-model": ["Docs"]}.items():
        router.register_model(name, capabilities=words)
    assert router.get_model_metrics("test-model").affinity == {"testing": 1.0}
    assert router.explain("write unit tests for the parser").model == "test-model"
    assert router.explain("document the parser").model == "doc-model"
    assert router.route_task("implement a queue", capabilities=["Coding", "coding"]) == "coding-model"
