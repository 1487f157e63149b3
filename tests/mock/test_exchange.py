"""What each fault does to an answer on the wire, and what the ledger then says."""

from __future__ import annotations

import pytest

from pointsman.mock import KINDS
from pointsman.testing import MockProvider
from support.fleet import ALONE

CHAT = "/v1/chat/completions"
MODEL = "gpt-4o"
LONG = {"ignore_eos": True, "max_tokens": 100_000}


def words(answer):
    """Tokens that carry text."""
    deltas = [chunk["choices"][0]["delta"] for chunk in answer.chunks if chunk.get("choices")]
    return [delta["content"] for delta in deltas if delta.get("content")]


async def test_a_finished_answer_is_finished(provider, ask, hello):
    """Without faults the entry is finished, and counts every token and byte sent."""
    answer = await ask(provider, "POST", CHAT, hello(MODEL))
    entry = provider.ledger.last
    assert (entry.finished, entry.open, entry.client_closed, entry.fault) == (True, False, False, "")
    assert entry.tokens_sent == answer.json()["usage"]["completion_tokens"]
    assert entry.bytes_sent > len(answer.body)


@pytest.mark.parametrize("stream", [True, False])
async def test_hang_is_silence(provider, connect, hello, stream):
    """A hang sends nothing; the ledger sees the client leave."""
    provider.faults.set("hang")
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=stream))
    await provider.ledger.wait_for(lambda entry: entry.fault == "hang")
    await raw.close()
    entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (entry.client_closed, entry.finished, entry.bytes_sent) == (True, False, 0)
    assert provider.ledger.in_flight == 0


async def test_a_client_that_hangs_up_mid_stream_is_noticed(provider, connect, hello):
    """A client that leaves after some tokens is client_closed, and nothing is in flight any more."""
    provider.faults.set("hang_after=3")
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=True))
    await provider.ledger.wait_for(lambda entry: entry.tokens_sent == 3)
    await raw.close()
    entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (entry.client_closed, entry.tokens_sent, provider.ledger.in_flight) == (True, 3, 0)


async def test_a_client_that_does_not_read_stops_the_rest(provider, connect, hello):
    """A long answer waits for its reader: it is not written into memory, and the hang-up is noticed."""
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=True, **LONG))
    await provider.ledger.wait_for(lambda entry: entry.tokens_sent > 0)
    await raw.close()
    entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (entry.client_closed, entry.tokens_sent < 100_000) == (True, True)


async def test_a_long_answer_arrives_whole(provider, ask, hello):
    """An answer far larger than any buffer arrives complete, to its last token."""
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True, ignore_eos=True, max_tokens=20_000))
    assert (len(words(answer)), answer.data[-1], answer.complete) == (20_000, "[DONE]", True)


@pytest.mark.parametrize(
    ("spec", "complete", "end"),
    [("cut=3", True, ""), ("cut=3:variant=torn", False, "closed"), ("reset=3", False, "reset")],
)
async def test_a_stream_is_broken_off(provider, ask, hello, spec, complete, end):
    """A cut ends after its tokens, by HTTP's rules or torn, a reset with an RST; none says [DONE] or finishes."""
    provider.faults.set(spec)
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (len(words(answer)), answer.complete, answer.end) == (3, complete, end)
    assert b"[DONE]" not in answer.body
    assert b'finish_reason":"' not in answer.body
    assert (entry.tokens_sent, entry.finished, entry.client_closed, entry.fault) == (3, False, False, spec)


async def test_cut_closes_the_connection(provider, connect, hello):
    """After a clean cut the connection is closed, not kept."""
    provider.faults.set("cut=1")
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello(MODEL, stream=True))
    await raw.answer()
    assert await raw.ending() == "closed"


async def test_a_cut_after_the_last_token_has_no_finish(provider, ask, hello):
    """cut=N with N the whole answer lets every word out, but no finish chunk and no [DONE]."""
    provider.faults.set("cut=5")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True, max_tokens=5))
    assert (len(words(answer)), b'finish_reason":"' in answer.body, answer.data[-1] == "[DONE]") == (
        5,
        False,
        False,
    )


async def test_a_cut_beyond_the_answer_never_comes(provider, ask, hello):
    """cut=N above the answer's length leaves the answer whole."""
    provider.faults.set("cut=50")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True, max_tokens=5))
    assert (answer.data[-1], provider.ledger.last.finished) == ("[DONE]", True)


@pytest.mark.parametrize(
    ("spec", "end"), [("cut=3", "closed"), ("cut=0", "closed"), ("reset=3", "reset"), ("cut=500", "")]
)
async def test_a_whole_answer_is_broken_off(provider, ask, hello, spec, end):
    """On a unary answer the head promises the full length and the body ends before it."""
    provider.faults.set(spec)
    answer = await ask(provider, "POST", CHAT, hello(MODEL))
    length = int(answer.headers["content-length"])
    assert (answer.end, answer.complete, len(answer.body) < length) == (end, not end, bool(end))


async def test_reset_before_any_byte(provider, ask, hello):
    """A reset without a number is an RST instead of an answer."""
    provider.faults.set("reset")
    answer = await ask(provider, "POST", CHAT, hello(MODEL))
    assert (answer.end, answer.status, provider.ledger.last.bytes_sent) == ("reset", 0, 0)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("spec", "head"),
    [
        ("garbage", ("text/html; charset=utf-8", b"<!doctype")),
        ("garbage=broken", ("application/json", b'{"id": "c')),
        ("empty", ("application/json", b"")),
    ],
)
async def test_garbage_is_a_200(provider, ask, hello, spec, head, stream):
    """Garbage and nothing are complete answers with status 200 that no JSON parser takes."""
    provider.faults.set(spec)
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=stream))
    assert (answer.status, answer.complete) == (200, True)
    assert (answer.headers["content-type"], answer.body[:9]) == head
    with pytest.raises(ValueError, match=r"Expecting|Extra data"):
        answer.json()


async def test_truncated_json_has_a_true_length(provider, ask, hello):
    """garbage=truncated is half of the real answer under a content-length that fits it."""
    whole = await ask(provider, "POST", CHAT, hello(MODEL))
    provider.faults.set("garbage=truncated")
    half = await ask(provider, "POST", CHAT, hello(MODEL))
    assert (half.complete, len(half.body)) == (True, len(whole.body) // 2)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ALONE])
@pytest.mark.parametrize("path", [CHAT, "/v1/completions"])
async def test_plain_is_a_whole_answer_to_who_asked_for_a_stream(ask, hello, kind, path):
    """The very answer to the same question without stream, as JSON; the ledger keeps what was really asked."""
    asked = hello("m1", prompt="hello", max_tokens=4)
    as_stream = asked | {"stream": True, "stream_options": {"include_usage": True}}
    async with MockProvider(kind, models=["m1"], faults=["plain"]) as provider:
        streamed = await ask(provider, "POST", path, as_stream)
        body = provider.ledger.last.body
        provider.faults.clear()
        whole = await ask(provider, "POST", path, asked)
    assert streamed.headers["content-type"] == "application/json"
    assert (streamed.json()["choices"], streamed.json()["usage"]) == (whole.json()["choices"], whole.json()["usage"])
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


async def test_plain_is_ollamas_own_whole_answer_too(ask, hello):
    """Where a stream is what comes unasked."""
    async with MockProvider("ollama", models=["m1"], faults=["plain"]) as provider:
        answer = await ask(provider, "POST", "/api/chat", hello("m1"))
    assert (answer.headers["content-type"], answer.json()["done"]) == ("application/json", True)


async def test_plain_makes_no_request_of_rubbish(provider, ask):
    """What is no JSON object is refused as ever."""
    provider.faults.set("plain")
    answer = await ask(provider, "POST", CHAT, b"{")
    assert (answer.status, "parsed" in answer.json()["error"]["message"]) == (400, True)


async def test_a_malformed_frame_is_one_among_good_ones(provider, ask, hello):
    """malformed_frame=2 puts one broken frame between the tokens; all the others are there."""
    whole = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    provider.faults.set("malformed_frame=2")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    broken = answer.data[3]  # behind the role and two tokens
    with pytest.raises(ValueError, match="Unterminated"):
        answer.chunks  # noqa: B018 - reading them is what fails
    rest = [data for data in answer.data if data != broken]
    assert [data.partition('"choices"')[2] for data in rest] == [data.partition('"choices"')[2] for data in whole.data]


async def test_a_malformed_line_in_ndjson(ask, hello):
    """In NDJSON the broken frame is a broken line."""
    async with MockProvider("ollama", faults=["malformed_frame=1"]) as provider:
        answer = await ask(provider, "POST", "/api/chat", hello("llama3.2"))
    lines = answer.body.splitlines()
    assert (lines[1].startswith(b'{"model": "broken"'), lines[-1].endswith(b"}")) == (True, True)


async def test_an_error_inside_a_whole_200(provider, ask, hello):
    """error_frame on a unary answer is an error object under status 200."""
    provider.faults.set("error_frame=0")
    answer = await ask(provider, "POST", CHAT, hello(MODEL))
    assert (answer.status, answer.json()["error"]["type"]) == (200, "server_error")


async def test_an_error_before_the_first_token(provider, ask, hello):
    """error_frame=0 lets no word out before the error."""
    provider.faults.set("error_frame=0")
    answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    assert (words(answer), "error" in answer.chunks[-1], answer.data[-1]) == ([], True, "[DONE]")


async def test_faults_that_need_no_answer_spare_wrong_requests(provider, ask, hello):
    """A fault inside an answer does not change a refusal."""
    provider.faults.set("cut=1")
    answer = await ask(provider, "POST", CHAT, hello("unknown"))
    assert (answer.status, answer.complete) == (404, True)


@pytest.mark.parametrize("spec", ["slow_headers=5", "slow_headers=5:times=1"])
async def test_slow_headers_only_delay(provider, ask, hello, spec):
    """slow_headers changes nothing of what is said."""
    plain = await ask(provider, "POST", CHAT, hello(MODEL))
    provider.faults.set(spec)
    late = await ask(provider, "POST", CHAT, hello(MODEL))
    assert late.json()["choices"] == plain.json()["choices"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_pace_changes_no_word(ask, hello, stream):
    """With latency and a pace the answer is the same as without, and ends."""
    async with MockProvider(latency_ms=2, tokens_per_second=2000) as slow, MockProvider() as fast:
        one = await ask(slow, "POST", CHAT, hello(MODEL, stream=stream))
        two = await ask(fast, "POST", CHAT, hello(MODEL, stream=stream))
    assert (one.complete, one.body.count(b'"content"')) == (True, two.body.count(b'"content"'))


async def test_a_paced_stream_ends_at_its_fault(ask, hello):
    """A fault strikes a paced stream after exactly its tokens, too."""
    async with MockProvider(tokens_per_second=2000, faults=["cut=4"]) as provider:
        answer = await ask(provider, "POST", CHAT, hello(MODEL, stream=True))
    assert len(words(answer)) == 4


async def test_leaving_a_paced_stream_stops_it(connect, hello):
    """A client that leaves between two tokens is noticed, and no more tokens are counted."""
    async with MockProvider(tokens_per_second=0.001) as provider:
        raw = await connect(provider)
        await raw.send("POST", CHAT, hello(MODEL, stream=True))
        await provider.ledger.wait_for(lambda entry: entry.tokens_sent == 1)
        await raw.close()
        entry = await provider.ledger.wait_for(lambda entry: not entry.open)
    assert (entry.client_closed, entry.tokens_sent) == (True, 1)
