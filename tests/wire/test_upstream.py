"""One connection to an upstream: what it makes of the bytes that come, and whether it is used again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider
from pointsman.fakes import settings as made_of
from pointsman.flow.effects import Ended, Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind
from support.asking import ask
from support.scripted import scripted
from support.serving import gateway, send
from support.wired import Asking

BODY = b'{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'
FRAMES = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def whole(body: bytes = BODY, *, chunked: bool = False, kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b%b\r\n\r\n%b" % (kind, more, framing, sent)


STREAM = whole(FRAMES, chunked=True, kind=b"text/event-stream")
STRAY = {
    "rubbish": b"}}\n",
    "a word": b"H",
    "a head begun": b"HTTP/1.1 20",
    "a head": b"HTTP/1.1 503 No\r\nretry-after: 99\r\n",
    "another reply": b"HTTP/1.1 503 No\r\nretry-after: 99\r\ncontent-length: 2\r\n\r\n{}",
    "another reply begun": b"HTTP/1.1 503 No\r\nretry-after: 99\r\ncontent-length: 200\r\n\r\n{",
    "a reply without length": b"HTTP/1.1 200 OK\r\nretry-after: 99\r\n\r\n{}",
    "a reply that may follow": b"HTTP/1.1 100 Continue\r\n\r\n",
    "nulls": bytes(64),
}
ENDS = {
    "length": whole(),
    "chunks": whole(chunked=True),
    "length, close": whole(more=b"connection: close\r\n"),
    "chunks, close": whole(chunked=True, more=b"connection: close\r\n"),
    "HTTP/1.0": whole().replace(b"HTTP/1.1", b"HTTP/1.0", 1),
}


@pytest.mark.parametrize("stray", STRAY.values(), ids=list(STRAY))
@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
async def test_what_stands_behind_a_reply_does_not_spoil_it(end, stray):
    """The reply is what it was without; the connection is closed, and the next question goes on a new one."""
    async with scripted(end + stray, whole()) as upstream:
        it = Asking(upstream.url)
        first = await it.ask()
        second = await it.ask()
        await asyncio.wait_for(upstream.left[0].wait(), 10)
        it.world.close()
    assert isinstance(first, Answered)
    assert (first.status, first.body, first.header(b"retry-after")) == (200, BODY, None)
    assert (second.body, upstream.asked) == (BODY, [0, 1])


@pytest.mark.parametrize("stray", STRAY.values(), ids=list(STRAY))
async def test_what_stands_behind_a_stream_does_not_spoil_it(stray):
    """Likewise; not a byte of it is passed on."""
    async with scripted(STREAM + stray, whole()) as upstream:
        it = Asking(upstream.url)
        frames, ended = await it.relay(await it.ask(stream=True))
        await it.ask()
        await asyncio.wait_for(upstream.left[0].wait(), 10)
        it.world.close()
    assert (frames, ended, upstream.asked) == (FRAMES, Ended(None), [0, 1])


async def test_a_second_stream_behind_the_first_is_not_passed_on():
    """Even where the first ends without its last word and more of it would be believed."""
    unfinished = FRAMES.removesuffix(b"data: [DONE]\n\n")
    stream = whole(unfinished, chunked=True, kind=b"text/event-stream")
    async with scripted(stream + stream, whole()) as upstream:
        it = Asking(upstream.url)
        frames, ended = await it.relay(await it.ask(stream=True))
        it.world.close()
    assert (frames, ended) == (FRAMES, Ended(None))


@pytest.mark.parametrize(
    "end", [ENDS["length"], ENDS["chunks"], ENDS["length"] + b"\r\n"], ids=["length", "chunks", "CRLF"]
)
async def test_a_connection_is_used_again(end):
    """After a clean end; an empty line behind a reply is what HTTP lets pass."""
    async with scripted(end) as upstream:
        it = Asking(upstream.url)
        replies = [await it.ask() for _ in range(3)]
        it.world.close()
    assert ([reply.body for reply in replies], upstream.asked) == ([BODY] * 3, [0, 0, 0])


@pytest.mark.parametrize("end", [ENDS["length, close"], ENDS["chunks, close"], ENDS["HTTP/1.0"]])
async def test_a_connection_that_will_not_be_kept_is_not_used_again(end):
    """We close it ourselves rather than wait for the upstream to do so."""
    async with scripted(end) as upstream:
        it = Asking(upstream.url)
        replies = [await it.ask() for _ in range(2)]
        await asyncio.wait_for(upstream.left[0].wait(), 10)
        it.world.close()
    assert ([reply.body for reply in replies], upstream.asked) == ([BODY] * 2, [0, 1])


async def test_who_speaks_unasked_is_not_asked_again():
    """Bytes that come later, while nobody waits for any."""
    async with scripted(whole()) as upstream:
        it = Asking(upstream.url)
        await it.ask()
        upstream.say(0, b"HTTP/1.1 200 OK\r\n")
        await asyncio.wait_for(upstream.left[0].wait(), 10)
        assert (await it.ask()).body == BODY
        it.world.close()
    assert upstream.asked == [0, 1]


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n\r\n",
        whole(chunked=True).replace(b"\r\n0\r\n", b"\r\nzz\r\n"),
        b"HTTP/1.1 101 On\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_wrong_before_the_end_is_no_reply(said):
    """No HTTP, a broken chunk, another protocol."""
    async with scripted(said) as upstream:
        it = Asking(upstream.url)
        reply = await it.ask()
        it.world.close()
    assert isinstance(reply, Failed)
    assert reply.kind is FailureKind.GARBAGE


async def test_a_body_without_a_length_ends_with_the_connection():
    """As HTTP has it; nothing can stand behind such a reply."""
    async with scripted(b"HTTP/1.1 200 OK\r\n\r\n" + BODY + b" ", hang_up=True) as upstream:
        it = Asking(upstream.url)
        reply = await it.ask()
        it.world.close()
    assert reply.body == BODY + b" "


@given(st.sampled_from(sorted(ENDS)), st.binary(max_size=40) | st.sampled_from(sorted(STRAY.values())))
@settings(max_examples=60, deadline=None)
def test_no_bytes_behind_a_reply_reach_the_next(end, stray):
    """Whatever they are, both questions get their own answer."""

    async def run() -> list[bytes]:
        async with scripted(ENDS[end] + stray, whole(b"{}")) as upstream:
            it = Asking(upstream.url)
            bodies = [(await it.ask()).body for _ in range(2)]
            it.world.close()
            return bodies

    assert asyncio.run(run()) == [BODY, b"{}"]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_caller_gets_the_answer_that_has_something_behind_it(stream):
    """At the first attempt, and the deployment is held for it."""
    async with scripted((STREAM if stream else whole()) + b"\n}") as upstream:
        made = made_of(deployment("d", at=provider(base_url=f"{upstream.url}/v1")))
        async with gateway(made) as it:
            replies = [(await send(it.port, ask(stream)))[0] for _ in range(3)]
    assert [(reply.status, reply.body) for reply in replies] == [(200, FRAMES if stream else BODY)] * 3
    assert {reply.headers["x-pointsman-attempts"] for reply in replies} == {"1"}
