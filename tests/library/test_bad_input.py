"""Arguments that make no sense: a typed error that says what to do, and a router that is as it was."""

import math
from datetime import timedelta

import pytest

from pointsman import CircuitBreakerConfig, Limits, Strategy, TaskCategory, TaskRouter
from pointsman.errors import (
    DetectorFailed,
    DuplicateModel,
    InvalidResult,
    Misuse,
    NoCandidate,
    NoModels,
    PointsmanError,
    UnknownCategory,
    UnknownModel,
    UnknownStrategy,
)


@pytest.fixture
def router():
    router = TaskRouter(seed=1)
    router.register_model("a", "the instance", tags=["fast"], capabilities=["vision"])
    router.record_task_result("a", True, 0.5, "coding")
    return router


def state_of(router):
    return (
        router.model_ids,
        router.strategy,
        router.get_all_metrics(),
        router.circuit_breaker_config,
        dict(router.model_pool),
        router.health_check(),
    )


WRONG = {
    "no models": (lambda r: TaskRouter().route_task("hello"), NoModels, "register_model"),
    "a second of one id": (lambda r: r.register_model("a"), DuplicateModel, "unregister_model"),
    "an empty id": (lambda r: r.register_model(" "), Misuse, "id"),
    "an id that is a number": (lambda r: r.register_model(7), Misuse, "id"),
    "an id without end": (lambda r: r.register_model("x" * 600), Misuse, "512"),
    "a negative weight": (lambda r: r.register_model("b", weight=-1), Misuse, "weight"),
    "a weight that is no number": (lambda r: r.register_model("b", weight=math.nan), Misuse, "weight"),
    "limits in a dict": (lambda r: r.register_model("b", limits={"rpm": 1}), Misuse, "Limits"),
    "a limit of nothing": (lambda r: Limits(max_parallel=0), Misuse, "max_parallel"),
    "a limit of half": (lambda r: Limits(rpm=0.5), Misuse, "rpm"),
    "tags that are none": (lambda r: r.register_model("b", tags=[1]), Misuse, "tags"),
    "tags that are a number": (lambda r: r.register_model("b", tags=3), Misuse, "tags"),
    "a capability without a name": (lambda r: r.register_model("b", capabilities=[""]), Misuse, "capabilities"),
    "three costs": (lambda r: r.register_model("b", cost=(1, 2, 3)), Misuse, "cost"),
    "a zone that is a number": (lambda r: r.register_model("b", zone=1), Misuse, "zone"),
    "somebody unknown leaves": (lambda r: r.unregister_model("b"), UnknownModel, "a"),
    "a result of somebody unknown": (lambda r: r.record_task_result("b", True, 0.1), UnknownModel, "a"),
    "a result of a list": (lambda r: r.record_task_result(["a"], True, 0.1), UnknownModel, "a"),
    "metrics of somebody unknown": (lambda r: r.get_model_metrics("b"), UnknownModel, "a"),
    "the breaker of somebody unknown": (lambda r: r.get_circuit_breaker_status("b"), UnknownModel, "a"),
    "recovery of somebody unknown": (lambda r: r.force_health_recovery("b"), UnknownModel, "a"),
    "the instance of somebody unknown": (lambda r: r.model_pool.get_instance("b"), UnknownModel, "a"),
    "a negative latency": (lambda r: r.record_task_result("a", True, -0.1), InvalidResult, "latency"),
    "no latency": (lambda r: r.record_task_result("a", True, math.nan), InvalidResult, "latency"),
    "an endless latency": (lambda r: r.record_task_result("a", True, math.inf), InvalidResult, "latency"),
    "a latency in words": (lambda r: r.record_task_result("a", True, "100ms"), InvalidResult, "latency"),
    "a latency back in time": (
        lambda r: r.record_task_result("a", True, timedelta(seconds=-1)),
        InvalidResult,
        "latency",
    ),
    "a latency beyond floats": (lambda r: r.record_task_result("a", True, 10**400), InvalidResult, "latency"),
    "success in words": (lambda r: r.record_task_result("a", "no", 0.1), InvalidResult, "success"),
    "a category nobody knows": (lambda r: r.record_task_result("a", True, 0.1, "codding"), UnknownCategory, "coding"),
    "a strategy nobody knows": (lambda r: r.set_routing_strategy("round-robbin"), UnknownStrategy, "round_robin"),
    "a strategy that is a number": (lambda r: r.set_routing_strategy(3), UnknownStrategy, "round_robin"),
    "a router with such a strategy": (lambda r: TaskRouter("fastest-ever"), UnknownStrategy, "There are"),
    "a prompt that is bytes": (lambda r: r.route_task(b"hello"), Misuse, "prompt"),
    "a prompt that is a list": (lambda r: r.route_task(["hello"]), Misuse, "prompt"),
    "no prompt": (lambda r: r.get_task_category(None), Misuse, "prompt"),
    "a priority above the highest": (lambda r: r.route_task("hello", priority=10), Misuse, "priority"),
    "a priority in words": (lambda r: r.route_task("hello", priority="high"), Misuse, "priority"),
    "a deadline that is no number": (lambda r: r.route_task("hello", deadline=math.nan), Misuse, "deadline"),
    "a tag nobody has": (lambda r: r.route_task("hello", tags=["slow"]), NoCandidate, "slow"),
    "a capability nobody has": (lambda r: r.route_task("hello", capabilities=["hearing"]), NoCandidate, "hearing"),
    "a detector that is a number": (lambda r: r.set_task_category_detector(4), Misuse, "detect"),
    "a detector that is a class": (lambda r: r.set_task_category_detector(dict), Misuse, "detect"),
    "a breaker of nothing": (lambda r: CircuitBreakerConfig(failure_threshold=0), Misuse, "failure_threshold"),
    "a breaker without time": (lambda r: CircuitBreakerConfig(timeout=0), Misuse, "timeout"),
    "a breaker in a dict": (lambda r: setattr(r, "circuit_breaker_config", {}), Misuse, "CircuitBreakerConfig"),
    "a zone without spill-over": (lambda r: TaskRouter(spill_over=0), Misuse, "spill_over"),
    "a function without a model": (lambda r: r.routed(lambda prompt: 1), Misuse, "model"),
    "a function without a prompt": (lambda r: r.routed(lambda model: 1), Misuse, "prompt"),
}


@pytest.mark.parametrize("what", WRONG)
def test_nothing_is_changed_by_what_makes_no_sense(router, what):
    do, error, told = WRONG[what]
    before = state_of(router)
    with pytest.raises(error) as raised:
        do(router)
    assert isinstance(raised.value, PointsmanError)
    assert told in str(raised.value)
    assert state_of(router) == before


def failing(prompt):
    raise KeyError("no such word")


@pytest.mark.parametrize("detector", [failing, lambda prompt: None, lambda prompt: 3, lambda prompt: "dancing"])
def test_a_detector_that_fails_is_named_and_nothing_is_counted(router, detector):
    router.set_task_category_detector(detector)
    before = state_of(router)
    for ask in (router.route_task, router.get_task_category, router.explain):
        with pytest.raises(DetectorFailed, match=r"set_task_category_detector|answered"):
            ask("hello")
    assert state_of(router) == before
    router.set_task_category_detector(lambda prompt: TaskCategory.TESTING)
    assert router.route_task("hello") == "a"


@pytest.mark.parametrize("prompt", ["", " ", "\ud800 half a character", "\x00\x01", "x" * 1_000_000, "🙂" * 500])
@pytest.mark.parametrize("strategy", list(Strategy))
def test_any_text_is_a_prompt(prompt, strategy):
    router = TaskRouter(strategy)
    router.register_model("a", limits=Limits(tpm=10**9))
    assert router.route_task(prompt) == "a"
    assert router.explain(prompt).model == "a"


def test_it_is_told_who_is_left_out_and_why():
    router = TaskRouter()
    router.register_model("open")
    router.register_model("busy", limits=Limits(max_parallel=1))
    for _ in range(5):
        router.record_task_result("open", False, 0.1)
    assert router.route_task("one") == "busy"
    with pytest.raises(NoCandidate) as raised:
        router.route_task("two")
    assert "open: breaker open for 30.0 s more (5 failures)" in str(raised.value)
    assert "busy: 1 parallel requests reached" in str(raised.value)
    assert raised.value.retry_after is not None
    assert router.explain("two").refusal == str(raised.value)
