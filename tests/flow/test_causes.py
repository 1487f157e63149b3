"""Failures with a way of their own: requests that are too long, and those that a content filter refused."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.flow.effects import Failed
from pointsman.gateway.errors import error_response
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Turn

CONTEXT, FILTERED = FailureKind.CONTEXT, FailureKind.FILTERED
TOO_LONG = Failed(CONTEXT, "status 400")
REFUSED = Failed(FILTERED, "status 400")
RESET = Failed(FailureKind.RESET, "connection lost before a reply", sent=True)


@pytest.fixture
def many(kit):
    """Groups of one each, asked in the order of their names; more members by keyword."""

    def make(script, *members, **more):
        more.setdefault("draws", (0.0,))
        more.setdefault("fallbacks", {"m": ("f",)})
        groups = kit.place("a"), kit.place("f1", "f"), kit.place("l1", "long"), kit.place("s1", "safe")
        return kit.House(kit.World(script), *(members or groups), **more)

    return make


def test_a_request_that_is_too_long_goes_to_its_own_fallbacks(many):
    """To those of context_window_fallbacks, and to no others; the group is asked once."""
    house = many({"a": [TOO_LONG]}, context_fallbacks={"m": ("long",)})
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "l1"], None)


def test_other_failures_never_go_to_the_fallbacks_for_long_requests(many):
    """They are for one cause only."""
    house = many({"a": [RESET], "f1": [RESET]}, context_fallbacks={"m": ("long",)}, router={"num_retries": 0})
    house.serve()
    assert house.world.asked == ["a", "f1"]


def test_once_turned_a_trip_stays_turned(many):
    """When the larger model is down the usual fallbacks would be too short again."""
    house = many({"a": [TOO_LONG], "l1": [RESET]}, context_fallbacks={"m": ("long",)}, router={"num_retries": 0})
    trip = house.serve()
    assert house.world.asked == ["a", "l1"]
    assert (trip.error.status, trip.error.code) == (400, "context_length_exceeded")


def test_a_request_that_began_at_larger_models_stays_with_them(kit):
    """It was known to be too long for its group before anybody was asked: whoever fails, the next one for long requests
    is asked, never the group that can't take it, nor its usual fallbacks.
    """
    members = kit.place("a", context=1000), kit.place("f1", "f"), kit.place("l1", "long"), kit.place("l2", "longer")
    house = kit.House(
        kit.World({"l1": [RESET]}),
        *members,
        fallbacks={"m": ("f",)},
        context_fallbacks={"m": ("long", "longer")},
        router={"num_retries": 0},
    )
    trip = house.serve(tokens=4000)
    assert (house.world.asked, trip.error) == (["l1", "l2"], None)


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ({"fallbacks": ("f",)}, ["a", "f1"]),
        ({"turns": {CONTEXT: Turn(("safe",))}}, ["a", "s1"]),
        ({"fallbacks": ("f",), "turns": {CONTEXT: Turn(("safe",))}}, ["a", "s1"]),
        ({"fallbacks": ("f",), "disable_fallbacks": True}, ["a"]),
    ],
)
def test_whom_the_caller_names_is_asked_instead(many, wanted, asked):
    """His for this cause, else his for any, and those of the configuration if he names nobody."""
    house = many({"a": [TOO_LONG]}, context_fallbacks={"m": ("long",)})
    house.serve(**wanted)
    assert house.world.asked == asked


def test_what_a_filter_refused_goes_to_whom_the_caller_names_for_that(many):
    """And to nobody whom he names for any cause: that would be to route around it."""
    house = many({"a": [REFUSED, REFUSED]}, content_fallbacks={"m": ("long",)})
    house.serve(turns={FILTERED: Turn(("safe",))})
    house.serve(fallbacks=("f",))
    assert house.world.asked == ["a", "s1", "a", "l1"]


def test_a_model_that_was_too_small_may_be_asked_something_shorter(kit):
    """Where the caller says what; the same text would be too long there again."""
    members = [kit.place(name, group, context=4096, model="one") for name, group in (("a", "m"), ("f1", "f"))]
    house = kit.House(kit.World({"a": [TOO_LONG, TOO_LONG]}), *members)
    long, short = {"messages": msgspec.Raw(b'["long"]')}, {"messages": msgspec.Raw(b"[]")}
    house.serve(fallbacks=("f",), fallback_fields=(short,), body=long, tokens=2)
    house.serve(fallbacks=("f",), body=long, tokens=2)
    assert house.world.asked == ["a", "f1", "a"]


def test_without_fallbacks_of_its_own_it_goes_to_the_usual_ones(many):
    """Another model may take more."""
    assert many({"a": [TOO_LONG]}).serve().attempts[-1].deployment == "f1"


@pytest.mark.parametrize(
    ("contexts", "asked"),
    [
        ((4096, 8192, None), ["a", "b"]),
        ((4096, 4096, 8192), ["a", "c"]),
        ((8192, 4096, 4096), ["a"]),
        ((None, None, None), ["a"]),
        ((None, 4096, None), ["a"]),
    ],
)
def test_only_who_is_known_to_take_more_is_asked_within_the_group(many, kit, contexts, asked):
    """The same model would say the same, so it is asked again only where a greater window is known."""
    members = [kit.place(name, context=context, model="one") for name, context in zip("abc", contexts, strict=True)]
    house = many({name: [TOO_LONG] for name in "abc"}, *members, fallbacks={})
    house.serve()
    assert house.world.asked == asked


def test_what_a_filter_refused_is_not_routed_around(many):
    """The reason is the answer; nobody else is asked."""
    trip = many({"a": [REFUSED]}).serve()
    assert [attempt.deployment for attempt in trip.attempts] == ["a"]
    assert (trip.error.status, trip.error.code) == (400, "content_filter")


def test_unless_the_configuration_says_whom_to_ask_then(many):
    """content_policy_fallbacks are asked for this cause only."""
    house = many({"a": [REFUSED]}, content_fallbacks={"m": ("safe",)})
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "s1"], None)


def test_the_first_cause_is_kept_when_its_fallbacks_fail(many):
    """The caller hears that the request was too long, not that a spare was down; all attempts are listed."""
    house = many({"a": [TOO_LONG], "l1": [RESET]}, context_fallbacks={"m": ("long",)}, router={"num_retries": 0})
    status, headers, body = error_response(house.serve().error)
    message = msgspec.json.decode(body)["error"]["message"]
    assert (status, headers.get("x-should-retry")) == (400, "false")
    assert "a: context" in message
    assert "l1: reset" in message


def test_a_fallback_may_ask_otherwise(kit):
    """Fields that the caller gave with a fallback take the place of the request's own there, and only there."""
    members = kit.place("a"), kit.place("f1", "f")
    house = kit.House(kit.World({"a": [kit.refused(500)]}), *members, router={"num_retries": 0})
    mine = {"messages": msgspec.Raw(b'["short"]')}
    house.serve(fallbacks=("f",), fallback_fields=(mine,), body={"messages": msgspec.Raw(b'["long"]')})
    sent = [msgspec.json.decode(call.request.body)["messages"] for call in house.world.calls]
    assert sent == [["long"], ["short"]]
