"""When a request is tried again, where, and what is told when nobody delivers."""

from __future__ import annotations

from collections import deque

import pytest

from pointsman.errors import InvalidBody, ModelNotFound, UpstreamFailed
from pointsman.flow.ask import LATE
from pointsman.flow.attempt import WORTH_WAITING
from pointsman.flow.effects import Failed
from pointsman.flow.picks import LULL
from pointsman.model.exchange import Answered
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Usage
from pointsman.state.breaker import State

RESET = Failed(FailureKind.RESET, "connection lost before a reply", sent=True)
SLOW = Failed(FailureKind.TIMEOUT, "no reply within 5 s", sent=True)
AGAIN = [kind for kind, means in CONSEQUENCES.items() if means.elsewhere and kind is not FailureKind.CONTEXT]
FINAL = [kind for kind, means in CONSEQUENCES.items() if not means.elsewhere]


@pytest.fixture
def two(kit):
    """A group of two, the first of which is asked first, and a fallback group of one."""

    def make(script, **more):
        more.setdefault("draws", (0.0,))
        more.setdefault("fallbacks", {"m": ("f",)})
        members = kit.place("a"), kit.place("b"), kit.place("c", "f")
        return kit.House(kit.World(script), *members, **more)

    return make


def failures(trip) -> list[tuple[str, str | None]]:
    return [(a.deployment, a.failure.value if a.failure else None) for a in trip.attempts]


def test_one_that_delivers_is_asked_once(two, kit):
    """The answer is the upstream's, byte for byte, with its usage; the lease is back."""
    house = two({})
    trip = house.serve()
    assert (trip.answer.body, trip.usage, trip.error) == (kit.OK, Usage(0, 0, 7), None)
    assert (house.world.asked, house.in_flight, trip.outcome.status) == (["a"], 0, 200)
    assert trip.outcome.attempts == trip.attempts


@pytest.mark.parametrize("kind", AGAIN)
def test_the_next_of_the_group_is_asked_first(two, kind):
    """What may succeed elsewhere is tried elsewhere, at once, before anything is waited for."""
    house = two({"a": [Failed(kind, "it failed")]})
    trip = house.serve()
    assert (house.world.asked, failures(trip)) == (["a", "b"], [("a", kind.value), ("b", None)])
    assert (trip.outcome.failure, trip.outcome.fallbacks, house.in_flight) == (None, 0, 0)


@pytest.mark.parametrize("kind", FINAL)
def test_what_would_fail_everywhere_is_not_tried_again(two, kind):
    """A bad request, a cut stream and a caller that left end the trip."""
    house = two({"a": [Failed(kind, "it failed")]})
    trip = house.serve()
    assert (house.world.asked, trip.outcome.failure) == (["a"], kind)


def test_alone_it_is_asked_again_after_a_backoff_that_grows(kit):
    """Full jitter below a quarter second, a half, one; then it is given up."""
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a"), draws=(0.5,), router={"num_retries": 3})
    trip = house.serve()
    assert house.world.asked == ["a", 0.125, "a", 0.25, "a", 0.5, "a"]
    assert trip.outcome.failure is FailureKind.RESET


@pytest.mark.parametrize(("retries", "calls"), [(0, 1), (1, 2), (2, 3), (5, 6)])
def test_as_often_as_configured_and_as_the_caller_wishes(kit, retries, calls):
    """The caller's num_retries takes the place of the configured one, zero included."""
    for router, more in (({"num_retries": retries}, {}), ({"num_retries": 9}, {"num_retries": retries})):
        house = kit.House(kit.World({"a": [RESET]}), kit.place("a"), threshold=99, router=router)
        house.serve(**more)
        assert house.world.asked.count("a") == calls


@pytest.mark.parametrize("kind", [k for k in AGAIN if not CONSEQUENCES[k].here])
def test_what_would_fail_here_again_is_not_asked_here_again(kit, kind):
    """A timeout, refused credentials and a missing model are not repeated at the same deployment."""
    house = kit.House(kit.World({"a": [Failed(kind, "it failed")]}), kit.place("a"))
    house.serve()
    assert house.world.asked == ["a"]


def test_then_the_fallback_group_is_asked(two):
    """The group's retries first, then the next group, and the outcome counts it."""
    house = two({"a": [RESET], "b": [RESET]}, router={"num_retries": 1})
    trip = house.serve()
    assert house.world.asked == ["a", "b", "c"]
    assert (trip.outcome.fallbacks, trip.leg.group, trip.attempts[-1].tier) == (1, "f", 1)


def test_a_fallback_group_has_retries_of_its_own(two):
    """What the first group used up is not taken from the second."""
    house = two(
        {"a": [RESET], "b": [RESET], "c": [RESET, RESET, Answered(200, {}, b'{"choices":[1]}')]},
        router={"num_retries": 2},
    )
    trip = house.serve()
    assert [a for a in house.world.asked if isinstance(a, str)] == ["a", "b", "b", "c", "c", "c"]
    assert trip.error is None


def test_without_retries_the_fallback_group_is_asked_at_once(two):
    """num_retries is about the same group; fallbacks are not retries."""
    house = two({"a": [RESET]}, router={"num_retries": 0})
    house.serve()
    assert house.world.asked == ["a", "c"]


def test_who_rests_is_passed_over(two):
    """A rate limit rests a deployment, and nobody waits for it while another is fit."""
    house = two({"a": [RESET], "c": [RESET]}, threshold=1)
    lease = house.board.take(house.settings.deployments[1])
    house.board.failed(lease, FailureKind.RATE_LIMITED)
    house.board.give_back(lease)
    trip = house.serve()
    assert (house.world.asked, failures(trip)) == (["a", "c"], [("a", "reset"), ("c", "reset")])


def test_who_is_at_its_limit_is_passed_over(kit):
    """A retry counts against limits like any request."""
    full = kit.place("b", rpm=0)
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a"), full, draws=(0.0,), router={"num_retries": 1})
    house.serve()
    assert "b" not in house.world.asked


@pytest.mark.parametrize("told", [0.2, 2.0, WORTH_WAITING - 0.1])
def test_a_short_retry_after_is_waited_for(kit, told):
    """If nobody else is left the caller is served late rather than refused, and not a moment early."""
    busy = kit.refused(429, retry_after=str(told))
    house = kit.House(kit.World({"a": [busy, Answered(200, {}, kit.OK)]}), kit.place("a"))
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", pytest.approx(told), "a"], None)


@pytest.mark.parametrize("told", [WORTH_WAITING + 0.1, 60.0, 1e9])
def test_a_long_retry_after_is_told_to_the_caller_instead(kit, told):
    """A 429 with the time the upstream named; nothing is waited for."""
    house = kit.House(kit.World({"a": [kit.refused(429, retry_after=str(told))]}), kit.place("a"))
    trip = house.serve()
    assert (house.world.asked, trip.error.status, trip.error.retry_after) == (["a"], 429, pytest.approx(told))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("told", [WORTH_WAITING + 0.1, 3600.0])
def test_a_long_retry_after_is_waited_for_by_nobody_where_nobody_rests_either(kit, status, told):
    """Without cooldowns nothing but the word itself says how long it would be."""
    house = kit.House(
        kit.World({"a": [kit.refused(status, retry_after=str(told))]}),
        kit.place("a"),
        kit.place("b", group="other"),
        fallbacks={"m": ("other",)},
        router={"disable_cooldowns": True},
    )
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "b"], None)


@pytest.mark.parametrize(("draw", "asked"), [(0.9, ["a"]), (0.1, ["a", 4.2, "a"])])
def test_an_open_breaker_is_waited_for_only_if_it_is_soon_due(kit, draw, asked):
    """A short Retry-After is no use while the breaker is open for longer: the longer of the two counts."""
    busy = kit.refused(503, retry_after="0.1")
    house = kit.House(kit.World({"a": [busy]}), kit.place("a"), threshold=1, draws=(draw,), router={"num_retries": 1})
    house.serve()
    assert house.world.asked == [x if x == "a" else pytest.approx(x) for x in asked]


def test_a_minute_that_is_used_up_is_not_waited_for(kit):
    """After its one request a minute a deployment is not asked again, and nobody sleeps for nothing."""
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a", rpm=1))
    house.serve()
    assert house.world.asked == ["a"]


def test_tokens_that_a_minute_no_longer_has_are_not_waited_for(kit):
    """Others have used them up meanwhile: a retry would find no room, so nobody sleeps for it."""
    member = kit.place("a", tpm=100)
    house = kit.House(kit.World(), member)

    def fails_while_another_succeeds(_call):
        lease = house.board.take(member)
        house.board.succeeded(lease, 60)
        house.board.give_back(lease)
        return RESET

    house.world.script["a"] = deque([fails_while_another_succeeds])
    house.serve(tokens=50)
    assert house.world.asked == ["a"]


def test_with_somebody_else_to_ask_no_retry_after_is_waited_for(two, kit):
    """However short it is."""
    house = two({"a": [kit.refused(503, retry_after="0.1")]})
    house.serve()
    assert house.world.asked == ["a", "b"]


def test_a_least_wait_between_tries_is_kept_however_long_it_is(kit):
    """``retry_after`` of the configuration is the user's word: it delays a retry and does not forbid it."""
    house = kit.House(
        kit.World({"a": [RESET, Answered(200, {}, kit.OK)]}), kit.place("a"), router={"retry_after": WORTH_WAITING * 2}
    )
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", WORTH_WAITING * 2, "a"], None)


def test_no_wait_goes_beyond_the_deadline(kit):
    """A request that would be over before the retry is told so now."""
    busy = kit.refused(429, retry_after="3")
    house = kit.House(kit.World({"a": [busy]}), kit.place("a"))
    trip = house.serve(timeout=3.4)
    assert (house.world.asked, trip.error.status) == (["a"], 429)


def test_after_the_deadline_nobody_is_asked(two):
    """Retries and fallbacks share the request's time; a call never gets more than what is left."""
    house = two({"a": [SLOW], "b": [SLOW], "c": [SLOW]}, router={"num_retries": 5})
    house.world.takes = 4.0
    trip = house.serve(timeout=10.0)
    assert [(call.provider.name, call.timeout) for call in house.world.calls] == [("a", 10.0), ("b", 6.0), ("c", 2.0)]
    assert (trip.error.status, trip.error.code) == (504, "upstream_timeout")
    assert failures(trip)[-1] == ("c", "deadline")


@pytest.mark.parametrize("kind", sorted(LATE, key=lambda kind: kind.value))
def test_a_callers_short_time_is_not_held_against_a_deployment(two, kind):
    """Neither a timeout of the caller's own nor the rest that earlier attempts left says that somebody is slow."""
    house = two({"a": [Failed(kind, "late", sent=True)]})
    house.world.takes = 4.0
    trip = house.serve(timeout=3.0)
    assert (failures(trip), trip.error.status, trip.error.code) == ([("a", "deadline")], 504, "request_timeout")
    assert house.board.record(house.settings.deployments[0]).failures == 0


def test_a_timeout_as_long_as_the_deadline_is_the_deployments(two):
    """When nobody asked for less, who used all the time there was is late."""
    house = two({"a": [SLOW]}, router={"timeout": 4.0})
    house.world.takes = 4.0
    assert failures(house.serve()) == [("a", "timeout")]
    assert house.board.record(house.settings.deployments[0]).failures == 1


def test_a_deployments_own_timeouts_hold(kit):
    """Own figures first, then the router's, and the deadline over all."""
    member = kit.place("a", timeout=7.0, stream_timeout=3.0)
    house = kit.House(kit.World({"a": [kit.Stream()]}), member, router={"stream_timeout": 9.0})
    house.serve(stream=True)
    assert [(call.timeout, call.idle) for call in house.world.calls] == [(3.0, 3.0)]


@pytest.mark.parametrize(
    ("own", "router", "wished", "first", "idle"),
    [
        ({}, {}, None, 600.0, 300.0),
        ({}, {"timeout": 20.0}, None, 20.0, 20.0),
        ({}, {"stream_timeout": 9.0}, None, 9.0, 9.0),
        ({}, {"stream_timeout": 9.0, "idle_timeout": 4.0}, None, 9.0, 4.0),
        ({}, {"first_token_timeout": 8.0, "idle_timeout": 4.0}, None, 8.0, 4.0),
        ({"stream_timeout": 3.0}, {"first_token_timeout": 8.0, "idle_timeout": 4.0}, None, 3.0, 3.0),
        ({"stream_timeout": 3.0, "first_token_timeout": 6.0}, {}, None, 6.0, 3.0),
        ({"idle_timeout": 2.0}, {"stream_timeout": 9.0}, None, 9.0, 2.0),
        ({"timeout": 5.0, "first_token_timeout": 6.0}, {}, None, 5.0, 5.0),
        ({"first_token_timeout": 6.0, "idle_timeout": 2.0}, {}, 1.5, 1.5, 1.5),
    ],
)
def test_a_streams_two_timeouts_are_the_nearest_ones_said(kit, own, router, wished, first, idle):
    """The caller's, then the deployment's, the more exact word before the general one, then the router's."""
    house = kit.House(kit.World({"a": [kit.Stream()]}), kit.place("a", **own), router=router)
    house.serve(stream=True, stream_timeout=wished)
    assert [(call.timeout, call.idle) for call in house.world.calls] == [(first, idle)]


def test_a_bad_request_passes_through(two, kit):
    """The upstream's status and its own words; nobody else is asked and nothing is held against it."""
    body = b'{"error": {"message": "bad n", "code": "invalid_value"}}'
    house = two({"a": [kit.refused(422, body)]})
    trip = house.serve()
    assert (house.world.asked, trip.error.status, trip.refusal.body) == (["a"], 422, body)
    assert trip.outcome.failure is FailureKind.BAD_REQUEST
    assert house.board.record(house.settings.deployments[0]).failures == 0


def test_a_bad_request_without_words_is_still_a_4xx(two, kit):
    """The caller is told who refused it and with which status."""
    trip = two({"a": [kit.refused(400, b"<html>")]}).serve()
    assert isinstance(trip.error, InvalidBody)
    assert (trip.error.status, trip.error.message) == (400, "a: status 400")


@pytest.mark.parametrize("status", [401, 403, 407])
def test_refused_credentials_are_never_the_callers(kit, status):
    """Our key is wrong, not theirs: a 502, without the upstream's words about keys."""
    body = b'{"error": {"message": "Incorrect API key provided: sk-hush"}}'
    house = kit.House(kit.World({"a": [kit.refused(status, body)]}), kit.place("a"))
    trip = house.serve()
    assert (trip.error.status, trip.error.code, trip.refusal.body) == (502, "upstream_refused_credentials", None)
    assert "sk-hush" not in trip.error.message


def test_a_model_missing_at_one_place_is_asked_for_at_the_next(two, kit):
    """It may be loaded elsewhere, and it is not held against the first."""
    house = two({"a": [kit.refused(404)]})
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "b"], None)


@pytest.mark.parametrize(
    ("replies", "status", "code"),
    [
        ([404, 404, 404], 404, "model_not_found"),
        ([404, 429, 404], 429, "upstream_rate_limited"),
        ([429, 500, 404], 429, "upstream_rate_limited"),
        ([500, 429, 404], 502, "upstream_error"),
        ([503, 500, 500], 503, "upstream_overloaded"),
    ],
)
def test_the_first_cause_is_told(two, kit, replies, status, code):
    """What went wrong first decides, except that a missing model counts only if it is missing everywhere."""
    script = {name: [kit.refused(reply)] for name, reply in zip("abc", replies, strict=True)}
    trip = two(script, router={"num_retries": 1}).serve()
    assert (trip.error.status, trip.error.code) == (status, code)


@pytest.mark.parametrize("status", [429, 503])
def test_every_busy_answer_says_when_to_come_back(kit, status):
    """At least a second, at least what is known of the deployment's rest."""
    house = kit.House(kit.World({"a": [kit.refused(status)]}), kit.place("a"), threshold=1, router={"num_retries": 0})
    error = house.serve().error
    assert error.status == status
    assert error.retry_after >= 1.0


@pytest.mark.parametrize(("timeout", "until"), [(None, float("inf")), (30.0, 30.0)])
def test_only_the_caller_ends_a_stream_that_goes_on(kit, timeout, until):
    """The router's time is for what has not begun; a long answer is no failure."""
    house = kit.House(kit.World({"a": [kit.Stream()]}), kit.place("a"), router={"timeout": 20.0})
    house.serve(stream=True, timeout=timeout)
    assert [call.until for call in house.world.calls] == [until]


def test_the_final_error_lists_all_attempts_without_addresses_or_keys(two):
    """Whom, what came of it, after how long; public names only."""
    house = two(
        {"a": [RESET], "b": [SLOW], "c": [Failed(FailureKind.REFUSED, "connection refused")]}, router={"num_retries": 1}
    )
    trip = house.serve(num_retries=1)
    assert isinstance(trip.error, UpstreamFailed)
    told = trip.error.message
    assert told.startswith(
        "no deployment delivered: a: reset (connection lost before a reply) after 0.50 s; b: timeout ("
    )
    assert "; c: refused (connection refused) after 0.50 s" in told
    assert "10.9.8.7" not in told
    assert "sk-hush" not in told


def test_a_name_nobody_serves_is_raised(two):
    """There is no trip to speak of: the caller of the flow answers it."""
    with pytest.raises(ModelNotFound):
        two({}).serve("stranger")


def test_a_request_no_dialect_can_say_asks_nobody(kit):
    """The provider's kind has no words for it: a 400 that names the field, no call, no lease out."""
    house = kit.House(kit.World(), kit.place("a", kind="ollama"))
    trip = house.serve(body={"messages": b"5"})
    assert (house.world.asked, trip.error.status, house.in_flight) == ([], 400, 0)
    assert (trip.error.message, trip.error.param) == ("a: messages: a list of messages is needed", "messages")


def test_a_deployment_that_failed_gets_the_next_request_only_when_it_is_fit(kit):
    """The loop back: what an attempt came to is what the next decision sees."""
    house = kit.House(kit.World({"a": [RESET]}), kit.place("a"), kit.place("b"), draws=(0.0,), threshold=1)
    house.serve()
    house.world.asked.clear()
    trip = house.serve()
    assert (house.world.asked, trip.decision.choice.id) == (["b"], "b")


def test_a_half_open_deployment_is_probed_by_one_request_and_closes(kit):
    """After the wait one request goes there, and with its success everybody may."""
    house = kit.House(kit.World({"a": [RESET, Answered(200, {}, kit.OK)]}), kit.place("a"), threshold=1)
    house.serve(num_retries=0)
    house.world.clock.advance(60.0)
    trip = house.serve()
    assert (trip.error, dict(house.board.resting)["a"].breaker.state.value) == (None, "closed")


@pytest.mark.parametrize("status", [404, 422])
@pytest.mark.parametrize("later", [60.0, 0.0], ids=["as probe", "in need"])
def test_an_answer_that_blames_the_request_closes_an_open_breaker(kit, status, later):
    """The caller gets the 4xx, and the next one finds the deployment fit: it is up."""
    house = kit.House(kit.World({"a": [RESET, kit.refused(status)]}), kit.place("a"), threshold=1)
    house.serve(num_retries=0)
    house.world.clock.advance(later)
    trip = house.serve(num_retries=0)
    assert (trip.error.status, house.board.fitness(house.settings.deployments[0])) == (status, None)


def test_a_request_no_dialect_can_say_tells_nothing_of_a_deployment(kit):
    """Nobody was asked, so an open breaker stays open."""
    member = kit.place("a", kind="ollama")
    house = kit.House(kit.World({"a": [RESET]}), member, threshold=1)
    house.serve(num_retries=0)
    house.serve(body={"messages": b"5"})
    assert house.board.record(member).breaker.state is State.OPEN


def test_when_nobody_fit_is_left_an_open_breaker_is_tried_before_giving_up(two):
    """A guess about health ends no request; the group asked for comes first, as far as its retries go."""
    house = two({"a": [RESET], "c": [RESET]}, threshold=1)
    lease = house.board.take(house.settings.deployments[1])
    house.board.failed(lease, FailureKind.SERVER_ERROR)
    house.board.give_back(lease)
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["a", "c", "b"], None)


@pytest.mark.parametrize(("takes", "asked"), [(LULL / 16, 1), (LULL * 2, 3)])
def test_in_an_outage_of_everybody_a_request_is_one_attempt(two, takes, asked):
    """Nobody else is asked in spite of his rest, unless it is a while since he failed."""
    house = two({"a": [RESET], "b": [RESET], "c": [RESET]}, threshold=1, router={"num_retries": 9})
    house.world.takes = takes
    house.serve()
    attempts = [len(house.serve().attempts) for _ in range(5)]
    assert attempts == [asked] * 5


def test_in_need_nobody_is_asked_for_ever(two):
    """With every breaker open each deployment of the plan is asked at most once more, and the request ends."""
    house = two({"a": [RESET], "b": [RESET], "c": [RESET]}, threshold=1, router={"num_retries": 9})
    for _ in range(3):
        house.world.asked.clear()
        trip = house.serve()
        assert trip.error.status == 502
        assert sorted(asked for asked in house.world.asked if isinstance(asked, str)) == ["a", "b", "c"]
