"""Tiers under way: chains with conditions and retries, orders, fallback groups and their strategies."""

from __future__ import annotations

from collections import Counter

import pytest

from pointsman.config.settings import ChainMember, ExactMatch, FallbackChain, ProviderShare, Strategies
from pointsman.fakes import deployment, provider
from pointsman.flow.attempt import serve
from pointsman.flow.effects import Failed
from pointsman.flow.picks import LULL
from pointsman.model.condition import Condition, Fact
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.routing.fallback import legs

RESET = Failed(FailureKind.RESET, "connection lost before a reply", sent=True)
SLOW = Failed(FailureKind.TIMEOUT, "no reply within 5 s", sent=True)


def fact(name: str) -> Condition:
    return Condition(name, Fact(name))


HIGH = FallbackChain("high", (ChainMember("a"), ChainMember("b"), ChainMember("c")), retries=3, delay=0.5)
IF_DOWN = FallbackChain("default", (ChainMember("b"), ChainMember("c", fact("b_unavailable"))))


@pytest.fixture
def chained(kit):
    """A name at provider ``a`` by an exact entry that names a chain; ``b`` and ``c`` are only in the chain."""

    def make(script, chain=HIGH, **more):
        members = [kit.place(name, "*", model=None) for name in ("a", "b", "c")]
        more.setdefault("exact", {"m": ExactMatch("m", "a", chain=chain.name)})
        more.setdefault("threshold", 99)
        return kit.House(kit.World(script), *members, chains={chain.name: chain}, **more)

    return make


def test_each_member_is_asked_again_as_often_as_the_chain_says(chained):
    """The first try is not counted; between tries is the chain's delay, give or take half of it by dice."""
    house = chained({"a": [RESET], "b": [RESET], "c": [RESET]}, draws=(0.25,))
    trip = house.serve()
    assert house.world.asked == [step for name in "abc" for step in (name, 0.375, name, 0.375, name, 0.375, name)]
    assert (trip.outcome.fallbacks, trip.error.status) == (2, 502)


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_the_delay_is_jittered_around_what_the_chain_says(chained, draw):
    """So that many callers do not come back at once."""
    house = chained({"a": [RESET, Answered(200, {}, b'{"choices":[1]}')]}, draws=(draw,))
    house.serve()
    assert house.world.asked[1] == pytest.approx(0.5 * (0.5 + draw))


def test_the_caller_s_num_retries_stands_above_the_chain_s(chained):
    """Zero: each member once."""
    house = chained({"a": [RESET], "b": [RESET]})
    house.serve(num_retries=0)
    assert house.world.asked == ["a", "b", "c"]


def test_a_member_that_rests_is_skipped_without_waiting(chained, kit):
    """A rate limit ends a member's turn at once, however short its Retry-After; one that rests is not asked at all."""
    house = chained({"a": [kit.refused(429, retry_after="0.2")], "b": [RESET]}, draws=(0.0,))
    lease = house.board.take(house.settings.deployments[1])
    house.board.failed(lease, FailureKind.RATE_LIMITED)
    house.board.give_back(lease)
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "c"], None)


def test_what_would_fail_again_is_not_repeated_in_a_chain(chained):
    """A timeout goes on to the next member at once."""
    house = chained({"a": [SLOW], "b": [SLOW]})
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "b", "c"], None)


def test_others_in_the_group_are_asked_before_the_same_one_again(kit):
    """A chain's retries are spent in the group first where it has more than one; none of them is left out."""
    members = [kit.place("a"), kit.place("b"), kit.place("c", "*", model=None)]
    chain = FallbackChain("default", (ChainMember("a"), ChainMember("c")), retries=1, delay=0.5)
    house = kit.House(kit.World({"a": [RESET]}), *members, chains={"default": chain}, draws=(0.0,))
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "b"], None)


@pytest.mark.parametrize(
    ("script", "asked"), [({"a": [RESET]}, ["a", "b"]), ({"a": [RESET], "b": [RESET]}, ["a", "b", "c"])]
)
def test_conditions_are_evaluated_when_their_member_s_turn_comes(chained, script, asked):
    """``b_unavailable`` holds once ``b`` has failed this very request."""
    house = chained(script, IF_DOWN, router={"num_retries": 0})
    trip = house.serve()
    assert (house.world.asked, trip.error) == (asked, None)


def test_a_member_that_could_not_be_asked_is_unavailable_to_the_next(kit):
    """Its provider is at its limit: nobody failed there, and the request goes on."""
    members = [kit.place("a", "*", model=None), kit.place("b", rpm=0), kit.place("c", "*", model=None)]
    house = kit.House(
        kit.World({"a": [RESET]}),
        *members,
        exact={"m": ExactMatch("m", "a", chain="default")},
        chains={"default": IF_DOWN},
        router={"num_retries": 0},
    )
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "c"], None)


def test_a_member_whose_condition_does_not_hold_is_never_asked(chained):
    """Not even in need."""
    never = FallbackChain("default", (ChainMember("b", fact("never")),))
    house = chained({"a": [RESET]}, never, router={"num_retries": 0}, threshold=1)
    house.serve()
    house.serve()
    assert set(house.world.asked) == {"a"}


def test_after_a_provider_outside_it_the_chain_begins_at_its_first_member(chained):
    """And who failed already is not asked for the same again."""
    chain = FallbackChain("default", (ChainMember("b"), ChainMember("a"), ChainMember("c")))
    house = chained({"a": [RESET], "b": [RESET]}, chain, router={"num_retries": 0})
    house.serve()
    assert house.world.asked == ["a", "b", "c"]


def test_the_deadline_ends_a_chain(chained):
    """Nobody waits beyond it, and each call has what is left."""
    house = chained({"a": [RESET], "b": [RESET], "c": [RESET]}, draws=(0.5,))
    trip = house.serve(timeout=2.7)
    assert house.world.asked == ["a", 0.5, "a", 0.5, "a", "b"]
    assert [call.timeout for call in house.world.calls] == [pytest.approx(left) for left in (2.7, 1.7, 0.7, 0.2)]
    assert trip.error.status == 502


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("draws", [(0.0,), (0.3, 0.9, 0.6)])
def test_no_tier_is_asked_more_often_than_it_may_be(kit, retries, draws):
    """Levels, groups and members each have their retries, and no more."""
    members = [
        *(kit.place(f"l{n}", order=n // 2) for n in range(4)),
        *(kit.place(f"s{n}", "s") for n in range(3)),
        kit.place("open", "*", model=None),
    ]
    chain = FallbackChain("default", (ChainMember("open"),), retries=2, delay=0.1)
    script = {member.provider.name: [RESET] for member in members}
    house = kit.House(
        kit.World(script),
        *members,
        fallbacks={"m": ("s",)},
        chains={"default": chain},
        router={"num_retries": retries},
        draws=draws,
        threshold=2,
    )
    for _ in range(4):
        trip = house.serve()
        tries = Counter(attempt.tier for attempt in trip.attempts)
        assert max(tries[0], tries[1], tries[2]) <= retries + 1
        assert tries[3] <= 3
        planned = {(leg.deployment.id, leg.model) for leg in legs(trip.decision)}
        assert {(attempt.deployment, attempt.model) for attempt in trip.attempts} <= planned


def test_the_next_order_level_is_asked_after_the_retries_of_the_first(kit):
    """Then the fallback group."""
    members = [kit.place("a", order=1), kit.place("b", order=1), kit.place("c", order=2), kit.place("d", "s")]
    script = {name: [SLOW] for name in "abc"}
    house = kit.House(kit.World(script), *members, fallbacks={"m": ("s",)}, draws=(0.0,), router={"num_retries": 1})
    trip = house.serve()
    assert (house.world.asked, trip.leg.group, trip.outcome.fallbacks) == (["a", "b", "c", "d"], "s", 2)


@pytest.mark.parametrize(
    ("strategy", "busy", "asked"),
    [("least_loaded", "one", "two"), ("least_loaded", "two", "one"), ("round_robin", "one", "two")],
)
def test_the_strategy_of_a_fallback_group_picks_when_its_turn_comes(kit, strategy, busy, asked):
    """By what is so at that moment: who is busy, or whose turn it is."""
    members = [kit.place("a"), kit.place("one", "s"), kit.place("two", "s")]
    house = kit.House(
        kit.World({"a": [SLOW]}),
        *members,
        fallbacks={"m": ("s",)},
        strategies=Strategies(groups={"s": strategy}),
        draws=(0.0,),
    )
    if strategy == "round_robin":
        house.serve("s")
        house.world.asked.clear()
    else:
        house.board.take(next(member for member in members if member.id == busy))
    house.serve()
    assert house.world.asked == ["a", asked]


def test_in_need_every_tier_has_the_tries_that_it_has_left(kit):
    """A group that was resting when the request came has not been asked yet: it is, before the request is given up."""
    members = [kit.place("a"), kit.place("b", "s")]
    house = kit.House(
        kit.World({"a": [RESET, Answered(200, {}, kit.OK)], "b": [SLOW]}),
        *members,
        fallbacks={"m": ("s",)},
        threshold=1,
        router={"num_retries": 0},
        draws=(0.9,),
    )
    lease = house.board.take(members[0])
    house.board.failed(lease, FailureKind.SERVER_ERROR)
    house.board.give_back(lease)
    house.world.script["a"].popleft()
    house.world.clock.advance(LULL)
    trip = house.serve()
    assert (house.world.asked, trip.error, trip.outcome.fallbacks) == (["b", "a"], None, 1)


def test_every_driver_takes_the_same_way_through_a_chain(chained, drive):
    """Threads, loops, replies at once or later: one core."""
    house = chained({"a": [RESET], "b": [SLOW]}, draws=(0.5,))
    trip = drive(serve(house.trip()), house.world.answer)
    assert house.world.asked == ["a", 0.5, "a", 0.5, "a", 0.5, "a", "b", "c"]
    assert (trip.error, trip.leg.deployment.id, house.in_flight) == (None, "c", 0)


def test_the_same_upstream_is_not_asked_twice_under_two_names(kit):
    """A member of the chain that stands for a redundant model's provider is that very deployment."""
    members = [deployment(name, "*", provider(name), model=None) for name in ("a", "b")]
    chain = FallbackChain("default", (ChainMember("a"), ChainMember("b")))
    house = kit.House(
        kit.World({"a": [SLOW], "b": [SLOW]}),
        *members,
        redundant={"m": (ProviderShare("a", 1), ProviderShare("b", 1))},
        chains={"default": chain},
    )
    house.serve()
    assert sorted(house.world.asked) == ["a", "b"]
