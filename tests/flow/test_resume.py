"""A stream that broke off is gone on with elsewhere: all of the answer once, or an error that says so."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import HedgeSettings, RetrySettings
from pointsman.flow.effects import Ended, Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.providers.frames import payload_of, split_frames

DONE = b"data: [DONE]\n\n"
CUT = Ended(FailureKind.CUT, "connection lost within the reply")
ERROR = b'data: {"error":{"message":"the engine died"}}\n\n'


def frame(delta: dict, finish: str | None = None, **more) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}], **more}).encode() + b"\n\n"


ROLE, END = frame({"role": "assistant", "content": ""}), frame({}, "stop", usage={"total_tokens": 9}) + DONE


def words(*tokens: str) -> list[bytes]:
    return [frame({"content": token}) for token in tokens]


def told(*streams) -> str:
    """What the caller has heard."""
    frames = [payload_of(frame) for stream in streams for frame in split_frames(stream.sent)]
    chunks = [json.loads(payload) for payload in frames if payload not in (None, b"[DONE]")]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)


def house_of(kit, script, *more, **settings):
    members = [kit.place(name, **(more[0] if more and name != "a" else {})) for name in script]
    return kit.House(kit.World(script), *members, draws=(0.0,), **settings)


@pytest.mark.parametrize(
    ("behind", "ended", "kind"),
    [
        ([], Ended(None), FailureKind.CUT),
        ([], CUT, FailureKind.CUT),
        ([], Ended(FailureKind.IDLE_TIMEOUT, "silent for 5 s"), FailureKind.IDLE_TIMEOUT),
        ([], Ended(FailureKind.GARBAGE, "what it says is not HTTP"), FailureKind.GARBAGE),
        ([ERROR], Ended(None), FailureKind.SERVER_ERROR),
        ([ERROR, DONE], Ended(None), FailureKind.SERVER_ERROR),
    ],
    ids=["ends", "cut", "silent", "garbage", "error", "error, done"],
)
def test_however_it_broke_off_another_goes_on(kit, behind, ended, kind):
    """The caller has one answer, the record both attempts, and each is held to its own account."""
    first = kit.Stream(ROLE, *words("Once", " upon"), *behind, ended=ended)
    second = kit.Stream(ROLE, *words("On", "ce upon a", " time"), END)
    house = house_of(kit, {"a": [first], "b": [second]})
    trip = house.serve(stream=True)
    assert (told(first), told(second), second.sent[-len(DONE) :]) == ("Once upon", " a time", DONE)
    assert [(a.deployment, a.failure, a.resumed) for a in trip.attempts] == [("a", kind, False), ("b", None, True)]
    assert (trip.outcome.failure, trip.outcome.resumed, trip.error, trip.leg.deployment.id) == (
        None,
        "completed",
        None,
        "b",
    )
    assert (trip.usage, trip.first_token, house.in_flight) == (Usage(0, 0, 9), 0.5, 0)
    a, b = (house.board.record(deployment) for deployment in house.settings.deployments)
    assert (a.failures, a.successes, b.failures, b.successes) == (1, 0, 0, 1)


@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_wherever_it_broke_off_the_answer_is_one(kit, tokens, data):
    """Any number of deployments that break off one after another, each at its own place."""
    places = data.draw(st.lists(st.integers(1, len(tokens)), min_size=1, max_size=3))
    broken = [kit.Stream(ROLE, *words(*tokens[:at]), ended=CUT) for at in places]
    last = kit.Stream(ROLE, *words(*tokens), END)
    script = {name: [stream] for name, stream in zip("abcd", [*broken, last], strict=False)}
    house = kit.House(kit.World(script), *map(kit.place, script), draws=(0.0,), router={"num_retries": 5})
    trip = house.serve(stream=True)
    assert trip.outcome.failure is None
    assert told(*broken, last) == "".join(tokens)


def test_another_answer_ends_it(kit):
    """One frame tells both attempts; nothing of the second was heard, and it is held against nobody."""
    first, second = kit.Stream(ROLE, *words("Once"), ended=CUT), kit.Stream(ROLE, *words("There", " was"), END)
    house = house_of(kit, {"a": [first], "b": [second], "c": [kit.Stream()]})
    trip = house.serve(stream=True)
    assert (house.world.asked, second.sent, len(house.world.relays)) == (["a", "b"], b"", 1)
    assert (trip.outcome.failure, trip.outcome.status, trip.outcome.resumed) == (FailureKind.CUT, 200, "differed")
    assert trip.error.code == "upstream_stream_cut"
    assert trip.error.message == (
        "the answer of a broke off: connection lost within the reply; "
        "b: differs (its answer differs from what was sent) after 0.50 s"
    )
    b = house.board.record(house.settings.deployments[1])
    assert (b.failures, b.in_flight, house.board.failing(house.settings.deployments[1])) == (0, 0, False)


def test_who_fails_before_there_is_news_leaves_it_to_the_next(kit):
    """Refused, cut while it repeats, silent: the caller does not hear of it."""
    first, last = kit.Stream(ROLE, *words("Once"), ended=CUT), kit.Stream(ROLE, *words("Once", "!"), END)
    script = {
        "a": [first],
        "b": [Failed(FailureKind.REFUSED, "connection refused")],
        "c": [kit.Stream(ROLE, *words("On"), ended=CUT)],
        "d": [last],
    }
    trip = house_of(kit, script, router={"num_retries": 5}).serve(stream=True)
    assert (told(first, last), trip.outcome.resumed) == ("Once!", "completed")
    assert [a.resumed for a in trip.attempts] == [False, True, True, True]


@pytest.mark.parametrize("own", [False, True], ids=["cut", "told by the upstream"])
def test_when_nobody_is_left_it_says_so(kit, own):
    """The first cause is told, and its own error frame no more, for it is not all of what happened."""
    first = kit.Stream(ROLE, *words("Once"), *([ERROR] if own else []), ended=Ended(None) if own else CUT)
    house = house_of(kit, {"a": [first], "b": [kit.refused(500)]}, router={"num_retries": 1})
    trip = house.serve(stream=True)
    assert trip.outcome.failure is (FailureKind.SERVER_ERROR if own else FailureKind.CUT)
    assert (trip.outcome.resumed, trip.cause.body) == ("failed", None)
    assert "b: server_error (status 500)" in trip.error.message


@pytest.mark.parametrize(
    "asked",
    [
        {"body": {"response_format": b'{"type":"json_object"}'}},
        {"body": {"n": b"2"}},
        {"body": {"logprobs": b"true"}},
        {"body": {"logprobs": b"0"}},
        {"body": {"top_logprobs": b"1"}},
        {"body": {"audio": b'{"voice":"x"}'}},
        {"body": {"modalities": b'["text","audio"]'}},
        {"body": {"guided_json": b'{"type":"object"}'}},
        {"endpoint": "completions", "body": {"prompt": b'["a","b"]'}},
        {"disable_fallbacks": True},
    ],
    ids=lambda asked: next(iter(asked.get("body", asked))),
)
def test_what_must_be_of_one_piece_is_not_gone_on_with(kit, asked):
    """Nobody else is asked, and the caller is told."""
    asked["body"] = {name: msgspec.Raw(value) for name, value in asked.get("body", {}).items()}
    house = house_of(kit, {"a": [kit.Stream(ROLE, *words("Once"), ended=CUT)], "b": [kit.Stream()]})
    trip = house.serve(stream=True, **asked)
    assert (house.world.asked, trip.outcome.failure, trip.outcome.resumed) == (["a"], FailureKind.CUT, None)
    assert trip.error.message == "the answer of a broke off: connection lost within the reply"


@pytest.mark.parametrize(
    "settings",
    [
        {"router": {"resume": False}},
        {"router": {"retries": RetrySettings(sent=False)}},
        {"router": {"num_retries": 0}},
    ],
    ids=["mid_stream: error", "possibly billed", "no retries"],
)
def test_nothing_is_gone_on_with_where_that_is_not_wanted(kit, settings):
    """By the configuration, or because nobody may be asked again."""
    script = {"a": [kit.Stream(ROLE, *words("Once"), ended=CUT)], "b": [kit.Stream()]}
    house = house_of(kit, script, **settings)
    trip = house.serve(stream=True)
    assert (house.world.asked, trip.outcome.failure) == (["a"], FailureKind.CUT)


def test_parameters_of_the_deployment_count_as_the_callers(kit):
    """Whoever adds the format, the answer has it."""
    script = {"a": [kit.Stream(ROLE, *words("Once"), ended=CUT)], "b": [kit.Stream()]}
    members = kit.place("a", params={"response_format": {"type": "json_object"}}), kit.place("b")
    house = kit.House(kit.World(script), *members, draws=(0.0,))
    assert (house.serve(stream=True).outcome.failure, house.world.asked) == (FailureKind.CUT, ["a"])


@pytest.mark.parametrize(
    "body",
    [
        {"response_format": b'{"type":"text"}'},
        {"modalities": b'["text"]'},
        {"logprobs": b"false", "audio": b"null", "n": b"1"},
        {"tools": b"[]"},
        {"tools": b'[{"type":"function","function":{"name":"f"}}]'},
    ],
    ids=lambda body: bytes(next(iter(body.values()))).decode(),
)
def test_what_only_looks_like_it_is(kit, body):
    """Plain text, and tools that were not called."""
    script = {"a": [kit.Stream(ROLE, *words("Once"), ended=CUT)], "b": [kit.Stream(ROLE, *words("Once", "!"), END)]}
    house = house_of(kit, script)
    trip = house.serve(stream=True, body={name: msgspec.Raw(value) for name, value in body.items()})
    assert trip.outcome.resumed == "completed"


def test_a_tool_call_is_never_made_of_two(kit):
    """Once its first letter was sent."""
    call = frame({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{"}}]})
    house = house_of(kit, {"a": [kit.Stream(ROLE, *words("Once"), call, ended=CUT)], "b": [kit.Stream()]})
    assert (house.serve(stream=True).outcome.failure, house.world.asked) == (FailureKind.CUT, ["a"])


def test_nobody_is_asked_after_the_deadline(kit):
    """It is one for the whole request."""
    first = kit.Stream(ROLE, *words("Once"), ended=Ended(FailureKind.DEADLINE, "the request's time was up"))
    late = kit.Stream(ROLE, *words("Once"), ended=CUT)
    for stream, kind, timeout in ((first, FailureKind.DEADLINE, 9.0), (late, FailureKind.CUT, 0.5)):
        house = house_of(kit, {"a": [stream], "b": [kit.Stream()]})
        trip = house.serve(stream=True, timeout=timeout)
        assert (house.world.asked, trip.outcome.failure) == (["a"], kind)


def test_a_long_answer_leaves_time_to_go_on_with_it(kit):
    """The router's time is for what has not begun, so it begins anew where a stream broke off."""
    first = kit.Stream(ROLE, *words("Once", " upon"), ended=CUT)
    house = house_of(kit, {"a": [first], "b": [kit.Stream(ROLE, *words("Once", " upon", " a time"), END)]})
    relay = first.relay

    def slowly() -> Ended:
        house.world.clock.advance(house.core.pipeline.topology.router.timeout + 1)
        return relay()

    first.relay = slowly
    trip = house.serve(stream=True)
    assert (trip.error, trip.outcome.failure) == (None, None)


def test_a_whole_reply_may_take_over_as_well(kit):
    """From an upstream that does not heed ``stream``: what is new of it, told as a stream."""
    reply = {"choices": [{"message": {"role": "assistant", "content": "Once upon"}}], "usage": {"total_tokens": 4}}
    first = kit.Stream(ROLE, *words("Once"), ended=CUT)
    trip = house_of(kit, {"a": [first], "b": [Answered(200, {}, json.dumps(reply).encode())]}).serve(stream=True)
    said = [json.loads(payload_of(frame)) for frame in split_frames(trip.answer.body)[:-1]]
    assert [chunk["choices"][0]["delta"] for chunk in said] == [{"content": " upon"}, {}]
    assert (trip.answer.body[-14:], trip.usage, trip.outcome.resumed) == (DONE, Usage(0, 0, 4), "completed")


def test_a_whole_reply_that_is_another_does_not(kit):
    """Nothing of it is told."""
    first = kit.Stream(ROLE, *words("Twice"), ended=CUT)
    trip = house_of(kit, {"a": [first], "b": [Answered(200, {}, kit.OK)]}).serve(stream=True)
    assert (trip.answer, trip.attempts[-1].failure) == (None, FailureKind.DIFFERS)


def asked_of(house, number: int) -> dict:
    return json.loads(house.world.calls[number].request.body)


def test_who_can_is_given_the_beginning(kit):
    """The next one too, with what both have told; the figures of what nobody counted are its own."""
    streams = [
        kit.Stream(ROLE, *words("Once", " upon"), ended=CUT),
        kit.Stream(ROLE, *words(" a"), ended=CUT),
        kit.Stream(ROLE, *words(" time"), frame({}, "stop") + DONE),
    ]
    script = dict(zip("abc", ([stream] for stream in streams), strict=True))
    house = house_of(kit, script, {"prefill": True}, router={"num_retries": 5})
    body = {"messages": msgspec.Raw(b'[{"role":"user","content":"Tell"}]'), "max_tokens": msgspec.Raw(b"50")}
    trip = house.serve(stream=True, body=body, tokens=20)
    assert (told(*streams), trip.usage) == ("Once upon a time", Estimate(20, 1, 21))
    assert [asked_of(house, number)["max_tokens"] for number in range(3)] == [50, 48, 47]
    assert [asked_of(house, number)["messages"][1:] for number in range(3)] == [
        [],
        [{"role": "assistant", "content": "Once upon"}],
        [{"role": "assistant", "content": "Once upon a"}],
    ]


def test_who_continues_may_be_followed_by_one_who_repeats(kit):
    """Each is asked as it can be; the same letters count."""
    streams = [
        kit.Stream(ROLE, *words("Once"), ended=CUT),
        kit.Stream(ROLE, *words(" upon"), ended=CUT),
        kit.Stream(ROLE, *words("Once upon", " a"), END),
    ]
    script = dict(zip("abc", ([stream] for stream in streams), strict=True))
    members = kit.place("a"), kit.place("b", prefill=True), kit.place("c")
    house = kit.House(kit.World(script), *members, draws=(0.0,), router={"num_retries": 5})
    house.serve(stream=True, body={"messages": msgspec.Raw(b'[{"role":"user","content":"Tell"}]')})
    assert (told(*streams), len(asked_of(house, 2)["messages"])) == ("Once upon a", 1)


@pytest.mark.parametrize("offered", ["tools", "functions"])
def test_where_tools_are_offered_it_is_all_said_again(kit, offered):
    """A model that is given a text writes on where it should call."""
    script = {"a": [kit.Stream(ROLE, *words("Once"), ended=CUT)], "b": [kit.Stream(ROLE, *words("Once", "!"), END)]}
    house = house_of(kit, script, {"prefill": True})
    body = {"messages": msgspec.Raw(b'[{"role":"user","content":"Tell"}]'), offered: msgspec.Raw(b'[{"name":"f"}]')}
    assert house.serve(stream=True, body=body).outcome.resumed == "completed"
    assert len(asked_of(house, 1)["messages"]) == 1


def test_nobody_is_asked_besides_who_goes_on(kit):
    """Saying again what was said takes its time; that is not late."""
    first, second = kit.Stream(ROLE, *words("Once"), ended=CUT), kit.Stream(ROLE, *words("Once", "!"), END)
    house = house_of(kit, {"a": [first], "b": [second], "c": [kit.Stream()]}, router={"hedge": HedgeSettings(0.1)})
    house.world.late = {"b"}
    trip = house.serve(stream=True)
    assert (told(first, second), house.world.asked, trip.outcome.resumed) == ("Once!", ["a", "b"], "completed")
