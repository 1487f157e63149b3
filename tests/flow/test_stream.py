"""Streams: what may still be tried elsewhere, what is over once the caller has seen a word of it."""

from __future__ import annotations

import pytest

from pointsman.flow.effects import Ended, Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import Estimate, FailureKind, Usage

ROLE, WORD, END = (
    b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
    b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n',
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
)
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error":{"message":"the engine died"}}\n\n'


def house_of(kit, script, router=None, **more):
    return kit.House(kit.World(script), kit.place("a", **more), kit.place("b"), draws=(0.0,), router=router or {})


def test_a_whole_stream_is_passed_on_and_counted(kit):
    """Every frame as it came; the usage of the last one; the time of the first content."""
    stream = kit.Stream()
    house = house_of(kit, {"a": [stream]})
    trip = house.serve(stream=True)
    assert (stream.sent, trip.usage, trip.first_token) == (b"".join(kit.FRAMES), Usage(0, 0, 9), 0.5)
    assert (trip.outcome.failure, trip.error, trip.answer, house.in_flight) == (None, None, None, 0)
    assert house.board.record(house.settings.deployments[0]).successes == 1


@pytest.mark.parametrize(
    "stream", [(ERROR,), (ROLE, ERROR), (ROLE,), (ROLE, DONE), (b": ping\n\n",), (b"rubbish\n\n",)]
)
def test_what_fails_before_the_first_word_is_tried_elsewhere(kit, stream):
    """A role or a comment is no answer: the caller has seen nothing, so the next one is asked."""
    house = house_of(kit, {"a": [kit.Stream(*stream)], "b": [kit.Stream()]})
    trip = house.serve(stream=True)
    assert (house.world.asked, trip.outcome.failure, len(house.world.relays)) == (["a", "b"], None, 1)
    assert trip.attempts[0].failure in (FailureKind.SERVER_ERROR, FailureKind.GARBAGE)


@pytest.mark.parametrize(
    ("chunks", "ended", "kind"),
    [
        ((ROLE, WORD), Ended(None), FailureKind.CUT),
        ((ROLE, WORD), Ended(FailureKind.CUT, "connection lost within the reply"), FailureKind.CUT),
        ((ROLE, WORD), Ended(FailureKind.TIMEOUT, "silent for 5 s"), FailureKind.TIMEOUT),
        ((ROLE, WORD, ERROR), Ended(None), FailureKind.SERVER_ERROR),
        ((ROLE, WORD, ERROR, DONE), Ended(None), FailureKind.SERVER_ERROR),
    ],
)
def test_what_fails_after_the_first_word_is_told_and_not_tried_again(kit, chunks, ended, kind):
    """With mid_stream: error nobody else is asked, the failure counts against the deployment, and the lease is back."""
    house = house_of(kit, {"a": [kit.Stream(*chunks, ended=ended)]}, router={"resume": False})
    trip = house.serve(stream=True)
    assert (house.world.asked, trip.outcome.failure, trip.outcome.status) == (["a"], kind, 200)
    assert (trip.refusal.kind, trip.relayed, house.in_flight) == (kind, True, 0)
    assert (trip.error.code, trip.cause) == ("upstream_stream_cut", trip.refusal)
    assert house.board.record(house.settings.deployments[0]).failures == 1


def test_a_stream_that_ended_without_its_last_word_is_complete(kit):
    """With a finish reason and no [DONE], the [DONE] is added; nothing is missing but the word."""
    stream = kit.Stream(ROLE, WORD, END)
    trip = house_of(kit, {"a": [stream]}).serve(stream=True)
    assert (trip.outcome.failure, stream.sent) == (None, ROLE + WORD + END + DONE)


def test_a_refused_stream_is_an_ordinary_failure(kit):
    """A status before the stream is read like any other reply."""
    house = house_of(kit, {"a": [kit.refused(500)], "b": [kit.refused(429, retry_after="77")]})
    trip = house.serve(stream=True, num_retries=1)
    assert (house.world.asked, trip.error.status) == (["a", "b"], 502)


@pytest.mark.parametrize("usage", [b"", b',"usage":null', b',"usage":{"prompt_tokens":0,"total_tokens":0}'])
def test_what_an_upstream_does_not_count_is_estimated(kit, usage):
    """One token a frame, and the request's own; the estimate counts against the limit and says that it is one."""
    end = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]' + usage + b"}\n\n"
    house = house_of(kit, {"a": [kit.Stream(ROLE, WORD, WORD, WORD, end, DONE)]}, tpm=100)
    trip = house.serve(stream=True, tokens=20)
    assert (trip.outcome.usage, trip.outcome.usage.estimated) == (Estimate(20, 3, 23), True)
    assert house.board.record(house.settings.deployments[0]).tokens.advance(house.world.clock()) == 23


def test_a_stream_that_broke_off_has_an_estimate_too(kit):
    """What was said up to there was work."""
    script = {"a": [kit.Stream(ROLE, WORD, WORD)]}
    trip = house_of(kit, script, router={"resume": False}).serve(stream=True, tokens=20)
    assert (trip.outcome.failure, trip.outcome.usage) == (FailureKind.CUT, Estimate(20, 2, 22))


@pytest.mark.parametrize(
    ("endpoint", "body", "usage"),
    [
        ("chat", b'{"choices":[{"message":{"content":"hi"}}]}', Estimate(20, 10, 30)),
        ("embeddings", b'{"data":[{"embedding":[0.1,0.2,0.3]}]}', Estimate(20, 0, 20)),
        ("chat", b'{"choices":[{}],"usage":{"prompt_tokens":3,"completion_tokens":4}}', Usage(3, 4, 7)),
        ("chat", b'{"choices":[{}],"usage":{"total_tokens":7}}', Usage(0, 0, 7)),
    ],
)
def test_a_whole_answer_that_is_not_counted_is_estimated_by_its_bytes(kit, endpoint, body, usage):
    """A quarter of them; vectors are no tokens. Figures that are only not added up are the upstream's own."""
    trip = house_of(kit, {"a": [Answered(200, {}, body)]}).serve(endpoint=endpoint, tokens=20)
    assert trip.outcome.usage == usage
    assert trip.outcome.usage.estimated is isinstance(usage, Estimate)


def test_a_whole_reply_to_who_asked_for_a_stream_is_told_as_one(kit):
    """Nothing is relayed: the answer is there, with its usage, and its first word is its last."""
    house = house_of(kit, {"a": [Answered(200, {}, kit.OK)]})
    trip = house.serve(stream=True)
    assert (trip.answer.stream, trip.answer.body[-14:], house.world.relays) == (True, DONE, [])
    assert (trip.usage, trip.first_token, trip.outcome.first_token) == (Usage(0, 0, 7), 0.5, 0.5)
    assert house.board.record(house.settings.deployments[0]).successes == 1


def test_a_whole_reply_that_is_no_stream_is_an_ordinary_failure(kit):
    """What can't be told as a stream is tried elsewhere, and no word of it counts as sent."""
    house = house_of(kit, {"a": [Answered(200, {}, b'{"choices":[{"text":"x"}]}')], "b": [kit.refused(500)]})
    trip = house.serve(stream=True, num_retries=1)
    assert (house.world.asked, trip.attempts[0].failure) == (["a", "b"], FailureKind.GARBAGE)
    assert (trip.answer, trip.first_token, trip.error.status) == (None, None, 502)


def test_the_relay_knows_what_came_before(kit):
    """Headers are written from it: who answers, at which attempt."""
    house = house_of(kit, {"a": [Failed(FailureKind.RESET, "gone")], "b": [kit.Stream()]})
    house.serve(stream=True)
    (relay,) = house.world.relays
    assert (relay.leg.deployment.id, [a.deployment for a in relay.attempts]) == ("b", ["a"])


def test_a_stream_that_broke_tells_the_usage_it_knew(kit):
    """Tokens that were counted before the end are not lost from the record."""
    counted = b'data: {"choices":[{"delta":{"content":"hi"}}],"usage":{"completion_tokens":3,"total_tokens":5}}\n\n'
    trip = house_of(kit, {"a": [kit.Stream(counted)]}, router={"resume": False}).serve(stream=True)
    assert (trip.outcome.failure, trip.outcome.usage.total_tokens) == (FailureKind.CUT, 5)
