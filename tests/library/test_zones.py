"""Several places: the nearest first, farther ones when it has no room."""

import pytest

from pointsman import Limits, Strategy, TaskRouter
from pointsman.errors import AtLimit


@pytest.fixture
def router():
    router = TaskRouter(Strategy.ROUND_ROBIN, zone="eu/frankfurt/a")
    for name, zone in (
        ("far", "us/ohio"),
        ("near", "eu/frankfurt/a"),
        ("beside", "eu/frankfurt/b"),
        ("eu", "eu/paris"),
    ):
        router.register_model(name, zone=zone, limits=Limits(max_parallel=1))
    return router


def test_the_nearest_with_room_is_asked(router):
    assert router.route_many(["task"] * 4) == ["near", "beside", "eu", "far"]
    with pytest.raises(AtLimit):
        router.route_task("one too many")
    router.record_task_result("near", True, 0.1)
    assert router.route_task("again") == "near"


def test_a_breaker_spills_over_too(router):
    for _ in range(5):
        router.record_task_result("near", False, 0.1)
    assert router.route_task("task") == "beside"


def test_who_says_no_zone_is_near():
    router = TaskRouter(zone="eu")
    router.register_model("anywhere")
    router.register_model("there", zone="us")
    assert {router.route_task("task") for _ in range(5)} == {"anywhere"}


def test_a_busy_zone_spills_over():
    router = TaskRouter(Strategy.LEAST_LOADED, zone="eu", spill_over=2)
    for name in ("eu-1", "eu-2"):
        router.register_model(name, zone="eu")
    router.register_model("us-1", zone="us")
    chosen = router.route_many(["task"] * 8)
    assert sorted(chosen[:4]) == ["eu-1", "eu-1", "eu-2", "eu-2"]
    assert chosen[4:6] == ["us-1", "us-1"]
    assert set(chosen[6:]) <= {"eu-1", "eu-2"}  # all are busy: the nearest again


def test_zones_are_told(router):
    for _ in range(5):
        router.record_task_result("near", False, 0.1)
    told = router.explain("task")
    assert [step.reason for step in told.steps if step.stage == "zone"] == [
        "eu/frankfurt/a: nearest to eu/frankfurt/a",
        "eu/frankfurt/b: turned to, for nobody nearer has room",
    ]
    assert told.model == "beside"


def test_without_a_zone_of_ones_own_all_are_equal():
    router = TaskRouter()
    router.register_model("eu", zone="eu")
    router.register_model("us", zone="us")
    assert router.route_many(["task"] * 2) == ["eu", "us"]
