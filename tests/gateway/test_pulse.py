"""Comments while nobody has anything to say: when they come, what they commit to, and what still works behind them."""

from __future__ import annotations

import asyncio

import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import KINDS, member
from support.serving import gateway, read_reply, send

COMMENT = b": keep-alive\n\n"
OFTEN = RouterSettings(keepalive=0.05, num_retries=0)


def frames(body: bytes) -> list[bytes]:
    return [frame + b"\n\n" for frame in body.split(b"\n\n")[:-1]]


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_caller_hears_something_while_a_model_thinks(kind):
    """The head names the request and no deployment; then comments, then the answer, whole."""
    async with MockProvider(kind, name="slow", latency_ms=300) as slow:
        async with gateway(settings(member(slow), router=OFTEN)) as it:
            [reply] = await send(it.port, ask(stream=True))
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
    heard = frames(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "x-pointsman-deployment" not in reply.headers
    assert (heard[:2], heard[-1]) == ([COMMENT] * 2, b"data: [DONE]\n\n")
    assert record["outcome"]["ok"]


async def test_the_openai_client_passes_over_them():
    """Its words are those without."""
    async with MockProvider("openai", name="slow", latency_ms=200) as slow:
        async with gateway(settings(member(slow), router=OFTEN)) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
                asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 8}
                stream = await ai.chat.completions.create(**asked, stream=True)
                said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
                whole = await ai.chat.completions.create(**asked)
    assert said == whole.choices[0].message.content != ""


@pytest.mark.parametrize("more", [{}, {"router": RouterSettings(keepalive=600.0)}], ids=["off", "seldom"])
async def test_who_is_answered_in_time_hears_nothing_of_it(more):
    """Off by default; and the head of an answer that comes at once tells who gave it."""
    async with MockProvider("openai", name="slow", latency_ms=100) as slow:
        async with gateway(settings(member(slow), **more)) as it:
            [reply] = await send(it.port, ask(stream=True))
    assert COMMENT not in reply.body
    assert reply.headers["x-pointsman-deployment"] == "m@slow"


async def test_a_whole_answer_has_no_room_for_comments():
    """Who asks for no stream gets none."""
    async with MockProvider("openai", name="slow", latency_ms=200) as slow:
        async with gateway(settings(member(slow), router=OFTEN)) as it:
            [reply] = await send(it.port, ask())
    assert reply.json()["choices"]
    assert reply.headers["x-pointsman-deployment"] == "m@slow"


async def test_silence_between_words_is_filled_as_well():
    """Between frames, never within one."""
    async with MockProvider("openai", name="slow", faults=["stall=3:pause=300"]) as slow:
        async with gateway(settings(member(slow), router=OFTEN)) as it:
            [reply] = await send(it.port, ask(stream=True))
    heard = frames(reply.body)
    at = heard.index(COMMENT)
    assert heard[at - 1].startswith(b"data: {")
    assert all(frame == COMMENT or frame.startswith(b"data: ") for frame in heard)
    assert (heard[-1], reply.headers["x-pointsman-deployment"]) == (b"data: [DONE]\n\n", "m@slow")


@pytest.mark.parametrize("fault", ["hang", "hang=head", "keepalive=10"])
async def test_before_the_first_word_another_one_is_still_asked(fault):
    """Our comments commit to nothing, and those of an upstream are not passed on in its name."""
    async with (
        MockProvider("vllm", name="bad", faults=[fault]) as bad,
        MockProvider("openai", name="good") as good,
    ):
        made = settings(member(bad, first_token_timeout=0.3), member(good, "n"), fallbacks={"m": ("n",)}, router=OFTEN)
        async with gateway(made) as it:
            [reply] = await send(it.port, ask(stream=True))
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
    assert (frames(reply.body)[0], frames(reply.body)[-1]) == (COMMENT, b"data: [DONE]\n\n")
    assert [attempt["failure"] for attempt in record["outcome"]["attempts"]] == ["first_token_timeout", None]


@pytest.mark.parametrize("plain", [False, True], ids=["stream", "whole reply"])
async def test_an_error_behind_them_is_a_frame(plain):
    """With the code that it would have had, and no end that looks like one; the connection ends."""
    faults = ["slow_headers=200", "status=400"] if plain else ["hang"]
    async with MockProvider("openai", name="bad", faults=faults) as bad:
        made = settings(member(bad, first_token_timeout=0.3), router=OFTEN)
        async with gateway(made) as it:
            [reply] = await send(it.port, ask(stream=True))
    *before, last = frames(reply.body)
    assert (reply.status, set(before)) == (200, {COMMENT})
    assert last.startswith(b'data: {"error":')
    assert (b"upstream_first_token_timeout" in last) is not plain


async def test_who_waits_in_line_hears_something_too():
    """Before anybody was chosen; the refusal is a frame then."""
    router = RouterSettings(keepalive=0.05, queue_timeout=0.3, timeout=5.0)
    async with MockProvider("openai", name="one", faults=["hang"]) as one:
        async with gateway(settings(member(one, max_parallel_requests=1), router=router)) as it:
            first = asyncio.ensure_future(send(it.port, ask()))
            await one.ledger.wait_for(lambda entry: entry.open)
            [reply] = await send(it.port, ask(stream=True))
            first.cancel()
    *before, last = frames(reply.body)
    assert (reply.status, set(before)) == (200, {COMMENT})
    assert b"deployments_at_limit" in last


async def test_what_comes_behind_an_answer_is_not_disturbed():
    """On one connection: no comment between two responses."""
    async with MockProvider("openai", name="slow", latency_ms=120) as slow:
        async with gateway(settings(member(slow), router=OFTEN)) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            replies = []
            for stream in (True, False, True):
                writer.write(ask(stream))
                replies.append(await asyncio.wait_for(read_reply(reader), 20))
            writer.close()
    assert [COMMENT in reply.body for reply in replies] == [True, False, True]
    assert replies[1].json()["choices"]
