"""What models bear: tasks at a time, tasks and tokens a minute."""

import pytest

from pointsman import Limits, Strategy, TaskRouter
from pointsman.errors import AtLimit, TooManyTokens
from pointsman.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


def given(router, prompt="x" * 400):
    """How many such prompts are taken until somebody is at a limit."""
    count = 0
    while count < 1000:
        try:
            router.record_task_result(router.route_task(prompt), True, 0.1)
        except AtLimit:
            return count
        count += 1
    return count


def test_tokens_a_minute(clock):
    router = TaskRouter(clock=clock)
    router.register_model("a", limits=Limits(tpm=1010))
    assert given(router) == 10  # of 101 tokens each
    clock.advance(61)
    assert given(router) == 10
    with pytest.raises(TooManyTokens):
        router.route_task("x" * 5000)
    assert "5000" not in (router.explain("x" * 5000).refusal or "")


def test_tokens_count_while_they_are_under_way(clock):
    router = TaskRouter(clock=clock)
    router.register_model("a", limits=Limits(tpm=250))
    router.route_many(["x" * 400] * 2)
    with pytest.raises(AtLimit, match="250 tokens a minute"):
        router.route_task("x" * 400)


def test_tasks_a_minute(clock):
    router = TaskRouter(clock=clock)
    router.register_model("a", limits=Limits(rpm=3))
    router.register_model("b", limits=Limits(rpm=5))
    assert given(router) == 8


def test_the_fewest_tokens_of_the_minute(clock):
    router = TaskRouter(Strategy.USAGE_BASED_ROUTING, clock=clock, seed=1)
    for name in "ab":
        router.register_model(name)
    first = router.route_task("x" * 40_000)
    router.record_task_result(first, True, 0.1)
    assert {router.route_task("short") for _ in range(20)} == {"b" if first == "a" else "a"}


@pytest.mark.parametrize("strategy", [each for each in Strategy if each is not Strategy.BANDIT])
def test_who_has_room_is_found_with_every_strategy(strategy, clock):
    router = TaskRouter(strategy, clock=clock, seed=1)
    for number in range(20):
        router.register_model(f"m{number}", limits=Limits(max_parallel=1))
    assert sorted(router.route_many(["implement a queue"] * 20)) == sorted(router.model_ids)
    with pytest.raises(AtLimit):
        router.route_task("implement a queue")
