"""How long an upstream may take, each wait by its own name."""

from __future__ import annotations

import asyncio
from math import inf
from time import monotonic

import pytest

from pointsman.flow.effects import Ended, Failed
from pointsman.model.outcome import FailureKind
from pointsman.testing import MockProvider
from pointsman.wire import pool, upstream
from support.scripted import scripted
from support.wired import Asking, Sink

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
ROLE = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
WORD = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
END = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"
ENDLESS = b'{"model":"m","stream":true,"max_tokens":5000,"ignore_eos":true,"messages":[{"role":"user","content":"x"}]}'
SOON = 0.1
"""Seconds: a limit that is waited for."""


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + PING, HEAD + ROLE, HEAD + ROLE + PING + ROLE, HEAD + WORD[:-1]])
async def test_a_stream_without_content_is_late_whatever_else_it_says(said):
    """Not a byte, a head, a comment, a role, a frame begun: none of it is a first token."""
    async with scripted(said) as place:
        it = Asking(place.url)
        reply = await it.ask(stream=True, timeout=SOON)
        it.world.close()
    assert reply == Failed(FailureKind.FIRST_TOKEN_TIMEOUT, "no first content within 0.1 s", sent=True)


@pytest.mark.parametrize("variant", ["comments", "roles"])
async def test_a_pulse_is_no_sign_of_life(variant):
    """A stuck server that keeps its connection alive is given up all the same."""
    async with MockProvider("vllm", models=["m"], faults=[f"keepalive=5:variant={variant}"]) as mock:
        it = Asking(f"{mock.base_url}/v1")
        reply = await it.ask(stream=True, body=ENDLESS, timeout=SOON)
        await mock.ledger.wait_for(lambda entry: entry.client_closed)
        it.world.close()
    assert (reply.kind, mock.ledger.in_flight) == (FailureKind.FIRST_TOKEN_TIMEOUT, 0)


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + b'{"choices":'])
async def test_a_whole_reply_is_late_as_a_whole(said):
    """Whatever has come of it."""
    async with scripted(said) as place:
        it = Asking(place.url)
        reply = await it.ask(timeout=SOON)
        it.world.close()
    assert reply == Failed(FailureKind.TIMEOUT, "no reply within 0.1 s", sent=True)


async def test_silence_after_content_has_a_limit_of_its_own():
    """What came before it was passed on."""
    async with scripted(HEAD + ROLE + WORD) as place:
        it = Asking(place.url)
        frames, ended = await it.relay(await it.ask(stream=True, idle=SOON))
        it.world.close()
    assert (frames, ended) == (ROLE + WORD, Ended(FailureKind.IDLE_TIMEOUT, "silent for 0.1 s"))


@pytest.mark.parametrize("said", [END, END + PING, END + DONE])
async def test_a_stream_whose_answer_is_complete_needs_no_end(said, monkeypatch):
    """An upstream that does not hang up, or forgets its last word, is not waited for as long as for words."""
    monkeypatch.setattr(upstream, "LAST_FRAMES", SOON)
    monkeypatch.setattr(upstream, "LAST_WORDS", SOON)
    async with scripted(HEAD + WORD, hang_up=False) as place:
        it, sink = Asking(place.url), Sink()
        relayed = asyncio.ensure_future(it.relay(await it.ask(stream=True, idle=600.0), sink))
        await sink.until(WORD)
        place.say(0, said)
        frames, ended = await asyncio.wait_for(relayed, 20)
        it.world.close()
    assert (frames, ended) == (WORD + said.removesuffix(DONE) + DONE, Ended(None))


@pytest.mark.parametrize("said", [WORD + END, WORD + END + PING])
async def test_a_complete_answer_may_end_as_it_likes(said):
    """A connection that is lost behind the finish reason takes nothing away."""
    head = HEAD.replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n")
    async with scripted(head + b"%x\r\n%b\r\n" % (len(said), said), hang_up=True) as place:
        it = Asking(place.url)
        frames, ended = await it.relay(await it.ask(stream=True))
    assert (frames, ended) == (said + DONE, Ended(None))


async def test_any_byte_ends_a_silence():
    """A comment is passed on, and the wait begins anew."""
    async with scripted(HEAD + WORD) as place:
        it, sink = Asking(place.url), Sink()
        opened = await it.ask(stream=True)
        relayed = asyncio.ensure_future(it.relay(opened, sink))
        await sink.until(WORD)
        before = opened.stream.deadline
        place.say(0, PING)
        await sink.until(PING)
        assert opened.stream.deadline > before
        opened.stream.abort()
        relayed.cancel()


@pytest.mark.parametrize("paused", [False, True], ids=["read", "unread"])
async def test_the_requests_own_time_ends_a_stream_that_goes_on(paused):
    """Even one that its caller does not take."""
    async with MockProvider("openai", models=["m"], tokens_per_second=500) as mock:
        it = Asking(f"{mock.base_url}/v1")
        opened = await it.ask(stream=True, body=ENDLESS, until=SOON)
        if paused:
            opened.stream.pause()
        _, ended = await it.relay(opened)
        await mock.ledger.wait_for(lambda entry: entry.client_closed)
        it.world.close()
    assert ended == Ended(FailureKind.DEADLINE, "the request's time was up")


async def test_a_reader_that_catches_up_gives_the_upstream_its_time_again():
    """From then on, but never beyond the request's."""
    async with scripted(HEAD + WORD) as place:
        it = Asking(place.url)
        stream = (await it.ask(stream=True, idle=50.0, until=70.0)).stream
        stream.pause()
        unread = stream.deadline
        stream.unpause()
        assert unread - 30 < stream.deadline < unread
        stream.abort()


@pytest.fixture
def one_connection(monkeypatch):
    """A provider may have one connection; everybody else waits."""
    monkeypatch.setattr(pool, "MOST", 1)


async def test_the_wait_for_a_connection_is_part_of_the_time(one_connection):
    """Who gets one late has what is left; who gets none fails without having sent anything."""
    async with scripted(b"", HEAD + WORD) as place:
        it = Asking(place.url)
        first = it.begin(timeout=SOON)
        before = monotonic()
        late, none = it.begin(stream=True, timeout=50.0, idle=inf, until=60.0), it.begin(timeout=SOON / 2)
        between = monotonic()
        assert (await none).kind is FailureKind.CONNECT_TIMEOUT
        assert not (await none).sent
        assert (await first).kind is FailureKind.TIMEOUT
        stream = (await late).stream
        assert before + 60.0 <= stream.deadline <= between + 60.0
        stream.abort()


async def test_a_connection_that_did_not_come_about_makes_room(one_connection):
    """Everybody who waits gets his own answer at once, not when his time is up."""
    async with MockProvider("openai") as mock:
        url = mock.base_url
    it = Asking(url)
    replies = await asyncio.wait_for(asyncio.gather(*[it.begin(timeout=600.0) for _ in range(3)]), 20)
    assert {reply.kind for reply in replies} == {FailureKind.REFUSED}
