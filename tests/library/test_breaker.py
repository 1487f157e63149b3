"""Who fails is left out, tried by a few, and back after some successes."""

import pytest

from pointsman import CircuitBreakerConfig, Limits, Strategy, TaskRouter
from pointsman.errors import InstanceFailed, NoCandidate
from pointsman.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def router(clock):
    router = TaskRouter(Strategy.RANDOM, clock=clock, seed=3)
    router.register_model("a")
    return router


def opened(router):
    for _ in range(5):
        router.record_task_result("a", False, 0.1)


def test_it_opens_at_the_fifth_failure_in_a_row(router):
    for _ in range(4):
        router.record_task_result("a", False, 0.1)
    router.record_task_result("a", True, 0.1)
    for wanted in ("closed", "closed", "closed", "closed", "open"):
        router.record_task_result("a", False, 0.1)
        assert router.get_circuit_breaker_status("a").state == wanted
    assert router.get_model_metrics("a").circuit_breaker_open


def test_it_is_half_open_after_its_time_for_two_at_once(router, clock):
    opened(router)
    clock.advance(29.9)
    with pytest.raises(NoCandidate) as raised:
        router.route_task("too early")
    assert raised.value.retry_after == pytest.approx(0.1)
    clock.advance(0.2)
    assert [router.route_task("probe") for _ in range(2)] == ["a", "a"]
    assert router.get_circuit_breaker_status("a").state == "half_open"
    with pytest.raises(NoCandidate):
        router.route_task("one too many")
    router.record_task_result("a", True, 0.1)
    assert router.route_task("the place is free again") == "a"


def test_three_successes_close_it(router, clock):
    opened(router)
    clock.advance(31)
    for state in ("half_open", "half_open", "closed"):
        router.route_task("probe")
        router.record_task_result("a", True, 0.1)
        assert router.get_circuit_breaker_status("a").state == state
    assert router.health_check() == {"a": True}


def test_one_failure_opens_it_again_for_as_long(router, clock):
    opened(router)
    for _ in range(4):
        clock.advance(30.1)
        router.route_task("probe")
        router.record_task_result("a", False, 0.1)
        status = router.get_circuit_breaker_status("a")
        assert (status.state, status.retry_after) == ("open", pytest.approx(30.0))


def test_results_that_nobody_was_routed_for_count_on_trial(router, clock):
    opened(router)
    router.record_task_result("a", True, 0.1)
    assert router.get_circuit_breaker_status("a").state == "open"  # it speaks of the past
    clock.advance(31)
    for _ in range(3):
        router.record_task_result("a", True, 0.1)
    assert router.get_circuit_breaker_status("a").state == "closed"


def test_what_was_sent_before_it_opened_does_not_close_it(router, clock):
    for _ in range(3):
        router.route_task("slow")
    for _ in range(2):
        router.record_task_result("a", False, 0.1)
    held = router.get_model_metrics("a").pending
    assert held == 1
    for _ in range(3):
        router.route_task("more")
        router.record_task_result("a", False, 0.1)
    assert router.get_circuit_breaker_status("a")


def test_a_status_is_true_while_the_model_is_left_out(router, clock):
    status = router.get_circuit_breaker_status("a")
    assert (bool(status), status.state, status.failures, status.reason) == (False, "closed", 0, None)
    opened(router)
    status = router.get_circuit_breaker_status("a")
    assert (bool(status), status.state, status.failures, status.retry_after) == (True, "open", 5, 30.0)
    assert status.reason == "breaker open for 30.0 s more (5 failures)"


def test_new_figures_hold_for_all_and_leave_who_rests(router, clock):
    opened(router)
    router.circuit_breaker_config = CircuitBreakerConfig(failure_threshold=2, success_threshold=1, timeout=1)
    assert router.get_circuit_breaker_status("a")
    clock.advance(31)
    router.record_task_result(router.route_task("probe"), True, 0.1)
    for _ in range(2):
        router.record_task_result("a", False, 0.1)
    assert router.get_circuit_breaker_status("a").retry_after == pytest.approx(1.0)


def test_a_reset_closes_unless_told_otherwise(router):
    opened(router)
    router.reset_metrics(keep_breakers=True)
    assert router.get_circuit_breaker_status("a")
    assert router.get_model_metrics("a").total_requests == 0
    router.reset_metrics()
    assert not router.get_circuit_breaker_status("a")


class Instance:
    alive = True


def test_an_instance_that_is_not_alive_is_left_out_until_it_is(clock):
    router = TaskRouter(clock=clock)
    instance = Instance()
    router.register_model("a", instance)
    router.register_model("b")
    instance.alive = False
    assert "left out" not in repr(router)  # who prints it asks nobody
    assert {router.route_task("one") for _ in range(4)} == {"b"}
    assert router.health_check() == {"a": False, "b": True}
    assert router.get_circuit_breaker_status("a").retry_after == 30.0
    clock.advance(31)
    assert {router.route_task("one") for _ in range(4)} == {"b"}
    instance.alive = True
    assert router.health_check() == {"a": True, "b": True}
    assert {router.route_task("one") for _ in range(4)} == {"a", "b"}


def test_a_status_is_true_while_its_breaker_is_open_and_tells_of_other_rests(router):
    """Who was told to wait is left out as well, and its breaker has nothing to do with it."""
    with pytest.raises(InstanceFailed), router.task("hello"):
        raise InstanceFailed("slow down", kind="rate_limited", retry_after=20.0)
    status = router.get_circuit_breaker_status("a")
    assert (bool(status), status.state, status.retry_after) == (False, "closed", 20.0)
    assert "rate_limited" in status.reason
    assert router.health_check() == {"a": False}
    opened(router)
    assert router.get_circuit_breaker_status("a")


def test_who_is_alive_again_is_asked_again_without_any_check(clock):
    router = TaskRouter(clock=clock)
    instance = Instance()
    instance.alive = False
    router.register_model("a", instance)
    with pytest.raises(NoCandidate, match="does not answer health checks"):
        router.route_task("one")
    instance.alive = True
    clock.advance(31)
    assert router.route_task("two") == "a"
    assert router.get_circuit_breaker_status("a").state == "half_open"  # to be alive counts as one success of three


class Broken:
    @property
    def alive(self):
        raise OSError("gone")


class Told:
    def alive(self):
        return False


@pytest.mark.parametrize("instance", [Broken(), Told()])
def test_who_cannot_say_that_it_is_alive_is_not(instance):
    router = TaskRouter()
    router.register_model("a", instance)
    assert router.health_check() == {"a": False}
    assert repr(router) == "TaskRouter(round_robin, 1 models, 1 left out, 0 tasks under way)"


def test_tasks_that_were_lost_leave_their_places(clock):
    router = TaskRouter(clock=clock, lease_timeout=600)
    router.register_model("a", limits=Limits(max_parallel=2))
    router.route_many(["one", "two"])
    clock.advance(601)
    assert router.route_task("three") == "a"
    assert router.get_model_metrics("a").pending == 1


def test_probes_that_were_lost_leave_their_places(router, clock):
    opened(router)
    clock.advance(31)
    router.route_many(["one", "two"])
    with pytest.raises(NoCandidate):
        router.route_task("three")
    clock.advance(601)
    assert router.route_task("three") == "a"


def test_on_trial_a_result_is_that_of_a_probe(router, clock):
    """Two tasks hang since before it opened; they must not stand in for its probes."""
    router.route_many(["hangs", "hangs too"])
    for _ in range(5):
        router.route_task("fails")
        router.record_task_result("a", False, 0.1)
    clock.advance(31)
    for state in ("half_open", "half_open", "closed"):
        router.route_task("probe")
        router.record_task_result("a", True, 0.1)
        assert router.get_circuit_breaker_status("a").state == state


@pytest.mark.parametrize("adaptive", [True, False])
def test_thresholds_follow_what_is_usual(clock, adaptive):
    """Five failures in a row are chance for who fails a third of the time, and a sign for who never does."""
    router = TaskRouter(Strategy.RANDOM, clock=clock, adaptive_thresholds=adaptive)
    for name in ("moody", "steady"):
        router.register_model(name)
    for number in range(300):
        clock.advance(1.0)
        router.record_task_result("moody", number % 3 > 0, 0.1, "coding")
        router.record_task_result("steady", True, 0.1, "coding")
    opened = {"moody": 0, "steady": 0}
    for name in opened:
        while not router.get_circuit_breaker_status(name):
            opened[name] += 1
            router.record_task_result(name, False, 0.1)
    assert opened == ({"moody": 10, "steady": 3} if adaptive else {"moody": 5, "steady": 5})


def test_the_log_tells_who_is_left_out_and_who_is_back(router, clock, caplog):
    """Once each, for whoever listens to it; an alarm needs no more."""
    with caplog.at_level("INFO", "pointsman.task_router"):
        opened(router)
        router.record_task_result("a", False, 0.1)
        clock.advance(31)
        for _ in range(3):
            router.record_task_result(router.route_task("probe"), True, 0.1)
        router.set_routing_strategy("least-loaded")
        router.set_routing_strategy("least-loaded")
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("WARNING", "model a is left out: breaker open for 30.0 s more (5 failures)"),
        ("INFO", "model a is back"),
        ("INFO", "strategy least_loaded instead of random"),
    ]
