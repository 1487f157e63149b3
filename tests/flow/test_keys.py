"""Several keys: one that is refused or has too much is passed over for the next, which is no retry and no failure."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.config.settings import HedgeSettings, WarmSettings
from pointsman.fakes import provider
from pointsman.flow.watch import watches
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.model.rest import HealthCheck
from pointsman.model.secret import Key, Secret
from pointsman.state.breaker import State
from pointsman.state.keys import OF_KEYS

KEYS = tuple(Key(Secret(f"sk-hush-{number}"), str(number)) for number in (1, 2, 3))
OK = Answered(200, {}, b'{"choices":[{"message":{"content":"hi"}}],"usage":{"total_tokens":7}}')
CONTENT = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
SPENT = b'data: {"error":{"message":"x","code":"insufficient_quota"}}\n\n'


def refused(status: int, body: bytes = b'{"error": {"message": "no"}}', wait: str | None = None) -> Answered:
    return Answered(status, {} if wait is None else {b"retry-after": wait.encode()}, body)


LIMITED, AUTH = refused(429), refused(401)


@pytest.fixture
def keyed(kit):
    """A deployment at a provider of so many keys."""

    def make(name: str = "one", count: int = 3, **more):
        made = kit.place(name, **more)
        at = msgspec.structs.replace(made.provider, api_key=KEYS[0].secret, keys=KEYS[:count])
        return msgspec.structs.replace(made, provider=at)

    return make


@pytest.fixture
def house(kit, keyed):
    """A router with one such deployment, whose provider says these things one after the other; or to each key its own.

    ``others`` are further deployments, ``own`` is what else is said of the first.
    """

    def make(*replies, to=None, takes=0.5, count=3, others=(), own=None, **more):
        said = list(replies) or [lambda call: (to or {}).get(call.key.name, OK)]
        world = kit.World({"one": said}, takes=takes)
        return kit.House(world, keyed(count=count, **(own or {})), *others, **more)

    return make


def keys_of(house) -> list[str]:
    return [call.key.name for call in house.world.calls]


def kinds_of(trip) -> list[tuple[str, str | None]]:
    return [(a.key, a.failure.value if a.failure else None) for a in trip.outcome.attempts]


def first(house):
    return house.board.record(house.settings.deployments[0])


def test_each_request_is_sent_with_the_next_key(house):
    """And its record says which."""
    at = house()
    trips = [at.serve() for _ in range(4)]
    assert keys_of(at) == ["1", "2", "3", "1"]
    assert [kinds_of(trip) for trip in trips] == [[(name, None)] for name in "1231"]


def test_of_one_key_nothing_is_said(kit):
    """It has no name."""
    at = kit.House(kit.World(), kit.place("one"))
    trip = at.serve()
    assert at.world.calls[0].key is None
    assert kinds_of(trip) == [("", None)]


@pytest.mark.parametrize("reply", [LIMITED, AUTH, refused(403), refused(402), refused(429, wait="30")])
@pytest.mark.parametrize("retries", [0, 2])
def test_the_next_key_is_asked_at_once_and_costs_no_retry(house, reply, retries):
    """Also where there are none, by the configuration or the caller's own word."""
    at = house(to={"1": reply, "2": reply}, router={"num_retries": retries})
    trip = at.serve(num_retries=0)
    assert trip.outcome.status == 200
    assert at.world.asked == ["one", "one", "one"]
    assert keys_of(at) == ["1", "2", "3"]
    assert [attempt.rekeyed for attempt in trip.outcome.attempts] == [True, True, False]
    assert at.in_flight == 0


def test_nothing_of_it_is_held_against_the_deployment(house):
    """No rest, no breaker, no failure; the next request goes to a key that is good."""
    at = house(to={"1": AUTH}, threshold=1)
    at.serve()
    record = first(at)
    assert (record.failures, record.successes) == (0, 1)
    assert {record.breaker.state, record.place.breaker.state} == {State.CLOSED}
    assert at.board.fitness(record.deployment) is None
    at.serve()
    assert keys_of(at) == ["1", "2", "3"]


def test_there_are_no_more_tries_than_keys_and_then_the_usual_happens(kit, house):
    """Somebody else is asked; the deployment rests, and the decision says until when."""
    at = house(refused(429, wait="20"), own={"order": 1}, others=[kit.place("two", order=2)])
    trip = at.serve()
    assert at.world.asked == ["one", "one", "one", "two"]
    assert trip.outcome.status == 200
    later = at.serve()
    assert at.world.asked[4:] == ["two"]
    told = next(step.reason for step in later.decision.steps if "keys rest" in step.reason)
    assert "one: all 3 keys rest: the first is back in 18.5 s (rate_limited)" in told


def test_if_nobody_is_left_the_caller_is_told_when_the_first_key_is_back(house):
    """Not when the last is: that one said 60 s."""
    said = {"1": refused(429, wait="20"), "2": AUTH, "3": refused(429, wait="60")}
    at = house(to=said, router={"num_retries": 0})
    trip = at.serve()
    assert keys_of(at) == ["1", "2", "3"]
    assert (trip.error.status, trip.error.code) == (429, "upstream_rate_limited")
    assert trip.error.retry_after == 19.0


def test_a_short_wait_for_the_first_key_is_worth_it(house):
    """As it is with one key; asking it again is a retry."""
    at = house(refused(429, wait="2"), refused(429, wait="60"), OK, count=2, takes=0.0)
    trip = at.serve()
    assert trip.outcome.status == 200
    assert at.world.asked == ["one", "one", 2.0, "one"]
    assert keys_of(at) == ["1", "2", "1"]


@pytest.mark.parametrize(("status", "kind"), [(500, "server_error"), (400, "bad_request"), (503, "overloaded")])
def test_what_is_no_key_s_affair_turns_to_no_other_key(house, status, kind):
    """Another one would meet the same."""
    at = house(refused(status), router={"num_retries": 0})
    assert kinds_of(at.serve()) == [("1", kind)]


def test_a_retry_is_sent_with_the_next_key_like_any_request(house):
    """Nothing is held against the first."""
    at = house(refused(500), OK)
    assert kinds_of(at.serve()) == [("1", "server_error"), ("2", None)]
    assert at.board.keys.another(first(at), at.settings.deployments[0].provider.keys, KEYS[1:]) == KEYS[0]


def test_what_a_key_met_takes_no_retry_from_what_comes_after(house):
    """One retry is there for the deployment's own failure."""
    at = house(LIMITED, refused(500), OK, router={"num_retries": 1})
    assert kinds_of(at.serve()) == [("1", "rate_limited"), ("2", "server_error"), ("3", None)]


@settings(suppress_health_check=[Health.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([OK, LIMITED, AUTH, refused(403), refused(402), refused(500), refused(429, wait="1")])),
    st.integers(1, 3),
    st.integers(0, 3),
    st.booleans(),
)
def test_every_request_ends_whatever_its_keys_meet(house, replies, count, retries, rests):
    """No more tries than are allowed, each with no more keys than there are; what was taken is given back."""
    router = {"num_retries": retries, "disable_cooldowns": not rests}
    at = house(*replies, OK, count=count, router=router)
    trip = at.serve()
    assert at.in_flight == 0
    assert sum(not attempt.rekeyed for attempt in trip.outcome.attempts) <= retries + 1
    assert sum(attempt.rekeyed for attempt in trip.outcome.attempts) <= count - 1
    refusing = [a.key for a in trip.outcome.attempts if a.failure in OF_KEYS]
    again = [asked for asked in at.world.asked if asked != "one"]  # it waited, and asked again
    assert len(set(refusing)) == len(refusing) or again or not rests
    assert all(record.in_flight == 0 for record in at.board.records().values())


def test_what_a_key_met_is_not_what_the_caller_is_told(house):
    """The answer to the next key is: the request itself is at fault."""
    body = b'{"error": {"message": "bad temperature", "type": "invalid_request_error"}}'
    trip = house(to={"1": AUTH, "2": refused(400, body)}).serve()
    assert (trip.error.status, trip.error.code) == (400, "invalid_request")
    assert trip.cause.body == body
    assert str(trip.error).startswith("one: status 400")


def test_a_stream_is_asked_for_again_too(kit, house):
    """Its error comes before the caller has anything."""
    trip = house(AUTH, kit.Stream()).serve(stream=True)
    assert trip.outcome.status == 200
    assert kinds_of(trip) == [("1", "auth"), ("2", None)]


def test_a_key_that_fails_within_a_stream_rests(kit, house):
    """The caller has part of an answer, and nobody else may go on with it."""
    at = house(kit.Stream(CONTENT, SPENT), *(kit.Stream() for _ in range(3)), router={"resume": False})
    assert kinds_of(at.serve(stream=True)) == [("1", "quota")]
    assert at.board.fitness(first(at).deployment) is None
    assert [kinds_of(at.serve(stream=True)) for _ in range(3)] == [[("2", None)], [("3", None)], [("2", None)]]


def test_the_request_s_time_is_the_end_of_it(house):
    """A second for each key is too much for who has one and a half."""
    trip = house(LIMITED, takes=1.0).serve(timeout=1.5)
    assert len(trip.outcome.attempts) == 2


def test_a_session_stays_where_it_is(house):
    """With another key the same deployment goes on."""
    at = house(OK, LIMITED, OK)
    hints = Hints(session="s")
    at.serve(hints=hints)
    assert at.board.home("s") == "one"
    left = []
    at.board.leave = lambda *session: left.append(session)
    assert [kind for _, kind in kinds_of(at.serve(hints=hints))] == ["rate_limited", None]
    assert left == []


def test_a_session_keeps_its_key(house):
    """Prompts are cached by account. Each has its own; where it rests, one other one, until it is back."""
    at = house()
    used = {}
    for session in "abcdefghijkl":
        for _ in range(3):
            at.serve(hints=Hints(session=session))
        used[session] = set(keys_of(at)[-3:])
    assert {len(keys) for keys in used.values()} == {1}
    assert set.union(*used.values()) == {"1", "2", "3"}
    wanted = next(iter(used["a"]))
    at = house(to={wanted: refused(429, wait="60")})
    for _ in range(3):
        at.serve(hints=Hints(session="a"))
    other = keys_of(at)[1]
    assert keys_of(at) == [wanted, other, other, other]
    at.world.script.clear()
    at.world.clock.advance(60.0)
    at.serve(hints=Hints(session="a"))
    assert keys_of(at)[-1] == wanted


def test_where_nobody_rests_each_key_is_asked_once(house):
    """``disable_cooldowns``: bounded all the same."""
    trip = house(LIMITED, router={"disable_cooldowns": True, "num_retries": 0}).serve()
    assert kinds_of(trip) == [(name, "rate_limited") for name in "123"]


def test_its_place_is_given_back_between_two_keys(house):
    """Else a deployment that takes one at a time would never be asked again."""
    at = house(to={"1": LIMITED}, own={"max_parallel_requests": 1})
    assert kinds_of(at.serve()) == [("1", "rate_limited"), ("2", None)]
    assert at.in_flight == 0


def test_the_second_copy_of_a_hedged_request_has_a_key_of_its_own(kit, house, keyed):
    """The next in turn, at another deployment of the same provider."""
    two = msgspec.structs.replace(keyed(), id="two")
    at = house(others=[two], router={"hedge": HedgeSettings(delay=1.0, least=5)})
    at.world.late.add("one")
    trip = at.serve()
    assert keys_of(at) == ["2"]
    assert {(a.key, a.failure) for a in trip.outcome.attempts} == {("1", FailureKind.OUTRUN), ("2", None)}


def test_watches_ask_with_a_key_that_does_not_rest(kit, keyed):
    """Health checks, lists and all else beside the traffic."""
    check = HealthCheck(every=5.0, timeout=1.0)
    at = provider("one", "ollama", api_key=KEYS[0].secret, keys=KEYS, check=check)
    here = kit.House(kit.World(), msgspec.structs.replace(keyed(), provider=at), warm=WarmSettings())
    lease = here.board.take(here.settings.deployments[0])
    lease.key = KEYS[0]
    here.board.key_failed(lease, FailureKind.AUTH)
    here.board.give_back(lease)
    asked = [flow.send(None) for flow in watches(here.core.pipeline.topology, here.board, lambda: None)]
    assert [call.key.name for call in asked] == ["2", "3"]


@pytest.mark.parametrize("reply", [LIMITED, AUTH, refused(400, b'{"error": {"message": "sk-hush-1 sk-hush-2"}}')])
def test_no_key_is_told(house, reply):
    """Neither of the attempts, nor of the error, nor of what may be shown of either; nor by anybody's repr."""
    at = house(reply)
    trip = at.serve()
    told = [trip.outcome, trip.error, trip.refusals, trip.cause, trip.keys, at.world.calls, at.board.records()]
    assert "sk-hush" not in repr(told) + str(trip.error)
