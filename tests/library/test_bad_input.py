"""Arguments that make no sense: a typed error that says what to do, and a router that is as it was."""

import math
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

import numpy as np
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
from pointsman.library.numbers import latency_of


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
    "an id with half a character": (lambda r: r.register_model("b\ud800"), Misuse, "whole characters"),
    "an id without end": (lambda r: r.register_model("x" * 600), Misuse, "512"),
    "a negative weight": (lambda r: r.register_model("b", weight=-1), Misuse, "weight"),
    "a weight beyond floats": (lambda r: r.register_model("b", weight=10**400), Misuse, "weight"),
    "a weight beyond writing": (lambda r: r.register_model("b", weight=10**10_000), Misuse, "weight"),
    "a weight whose sums are endless": (lambda r: r.register_model("b", weight=1e308), Misuse, "weight"),
    "a weight that is a yes": (lambda r: r.register_model("b", weight=True), Misuse, "weight"),
    "a weight that is a yes of numpy": (lambda r: r.register_model("b", weight=np.True_), Misuse, "weight"),
    "a weight that is no decimal": (lambda r: r.register_model("b", weight=Decimal("sNaN")), Misuse, "weight"),
    "a limit beyond counting": (lambda r: Limits(rpm=10**400), Misuse, "rpm"),
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
    "a breaker beyond counting": (lambda r: CircuitBreakerConfig(failure_threshold=10**400), Misuse, "failure_thr"),
    "a breaker of an age": (lambda r: CircuitBreakerConfig(timeout=1e300), Misuse, "timeout"),
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


class Name(StrEnum):
    LLAMA = "llama"


@pytest.mark.parametrize("name", [Name.LLAMA, np.str_("llama"), type("Own", (str,), {})("llama")])
def test_ids_are_plain_texts_whatever_they_came_as(name):
    router = TaskRouter(zone="eu")
    router.register_model(name, tags=[np.str_("big")], capabilities=np.array(["vision"]), zone=np.str_("eu/west"))
    found = router.route_task("hello", tags=["big"], capabilities=["vision"])
    assert [type(each) for each in (found, *router.model_ids, router._desk.model("llama").zone)] == [str] * 3
    router.record_task_result(name, True, 0.1)
    assert router.get_model_metrics("llama").total_requests == 1


@pytest.mark.parametrize("number", [np.float32(2), np.float64(2), np.int64(2), Decimal(2)])
def test_numbers_are_numbers_whoever_made_them(number):
    router = TaskRouter("random", queue_timeout=number, circuit_breaker_config=CircuitBreakerConfig(timeout=number))
    router.register_model("a", weight=number, cost=number)
    router.record_task_result("a", True, number)
    assert router.get_model_metrics("a").average_latency == 2.0
    deployment = router._desk.model("a").deployment
    assert [type(figure) for figure in (deployment.weight, deployment.input_cost)] == [float, float]


def test_counts_are_counts_whoever_made_them():
    config, limits = CircuitBreakerConfig(failure_threshold=np.int64(2)), Limits(rpm=np.int8(3))
    assert [type(each) for each in (config.failure_threshold, limits.rpm)] == [int, int]
    assert (config.failure_threshold, limits.rpm) == (2, 3)


def test_a_latency_whose_sums_would_be_endless_is_refused():
    for latency in (10**300, np.float64(1e308), timedelta.max):
        with pytest.raises(InvalidResult, match="latency must be seconds from 0 to 1,000,000,000"):
            latency_of(latency)


def test_no_tags_may_be_said_as_none():
    router = TaskRouter()
    router.register_model("a", tags=None, capabilities=None)
    assert router.route_task("hello", tags=None, capabilities=None) == "a"


@pytest.mark.parametrize("word", ["foo", 3])
def test_a_strategy_nobody_knows_is_told_in_whole_sentences(word):
    with pytest.raises(UnknownStrategy, match=r"is no strategy\. There are: "):
        TaskRouter(word)
    with pytest.raises(UnknownStrategy, match=r"is no strategy; did you mean 'round_robin'\? There are: "):
        TaskRouter("round-robbin")


def failing(prompt):
    raise KeyError("no such word")


def misusing(prompt):
    raise Misuse("what a detector may raise as well")


@pytest.mark.parametrize(
    "detector", [failing, misusing, lambda prompt: None, lambda prompt: 3, lambda prompt: "dancing"]
)
def test_a_detector_that_fails_is_named_and_nothing_is_counted(router, detector):
    router.set_task_category_detector(detector)
    before = state_of(router)
    for ask in (router.route_task, router.get_task_category, router.explain):
        with pytest.raises(DetectorFailed, match=r"set_task_category_detector|answered"):
            ask("hello")
    assert state_of(router) == before
    router.set_task_category_detector(lambda prompt: TaskCategory.TESTING)
    assert router.route_task("hello") == "a"


def test_what_a_detector_raises_is_the_cause_whatever_it_is(router):
    router.set_task_category_detector(misusing)
    with pytest.raises(DetectorFailed) as raised:
        router.route_task("hello")
    assert isinstance(raised.value.__cause__, Misuse)


@pytest.mark.parametrize("explain", [failing, lambda: "too few arguments", lambda prompt: "no reading", 7])
def test_a_detector_with_an_explain_of_its_own_kind_is_no_trouble(router, explain):
    class Own:
        def detect(self, prompt):
            return "testing"

    detector = Own()
    detector.explain = explain
    router.set_task_category_detector(detector)
    assert router.explain("hello").steps[0].reason == "testing: as Own says"


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
