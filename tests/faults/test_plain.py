"""An upstream that does not heed ``stream``: the caller gets the stream it asked for all the same."""

from __future__ import annotations

import asyncio

import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import deployment, provider, settings
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import KINDS, member, over
from support.scripted import scripted
from support.serving import gateway, send

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Say something"}], "max_tokens": 6}


@pytest.fixture(params=list(KINDS))
async def plain(request):
    async with MockProvider(request.param, name="one", faults=["plain"]) as started:
        yield started


def client(url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-any", max_retries=0, timeout=20)


async def test_a_chat_is_a_stream_to_the_openai_client(plain):
    """The same words, finish reason and usage as the whole answer, in chunks."""
    async with gateway(over(plain)) as it, client(it.url) as ai:
        whole = await ai.chat.completions.create(**QUESTION)
        stream = await ai.chat.completions.create(**QUESTION, stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == whole.choices[0].message.content != ""
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["length"]
    assert (choices[0].delta.role, chunks[-1].usage.total_tokens) == ("assistant", whole.usage.total_tokens)
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}


async def test_a_text_completion_is_a_stream_to_the_openai_client(plain):
    """Likewise; without usage, which was not asked for."""
    async with gateway(over(plain)) as it, client(it.url) as ai:
        whole = await ai.completions.create(model="m", prompt="Once upon", max_tokens=5)
        stream = await ai.completions.create(model="m", prompt="Once upon", max_tokens=5, stream=True)
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text != ""
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, "length"]


@pytest.mark.parametrize("plain", [kind for kind in KINDS if kind != "triton"], indirect=True)
async def test_tool_calls_reach_the_openai_clients_own_accumulator(plain):
    """Its stream helper puts the calls together by their index."""
    asked = {**QUESTION, "tools": [TOOL]}
    async with gateway(over(plain)) as it, client(it.url) as ai:
        async with ai.chat.completions.stream(**asked) as stream:
            message = (await stream.get_final_completion()).choices[0].message
    assert [call.function.name for call in message.tool_calls] == ["f"]


async def test_several_choices_stay_apart():
    """Each under its index."""
    async with MockProvider("openai", name="one", faults=["plain"]) as mock, gateway(over(mock)) as it:
        async with client(it.url) as ai:
            whole = await ai.chat.completions.create(**QUESTION, n=3)
            said = ["", "", ""]
            async for chunk in await ai.chat.completions.create(**QUESTION, n=3, stream=True):
                said[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert said == [choice.message.content for choice in whole.choices]


async def test_it_is_an_event_stream_and_is_counted(plain):
    """Head, end mark, headers and record are those of a stream; the usage is the upstream's."""
    async with gateway(over(plain)) as it:
        [reply, after] = await send(it.port, ask(stream=True) + ask(), 2)
        record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
        [metrics] = await send(it.port, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["transfer-encoding"] == "chunked"
    assert reply.headers["x-pointsman-deployment"] == "m@one"
    assert reply.body.endswith(b"data: [DONE]\n\n")
    assert after.headers["content-type"] == "application/json"
    outcome = record["outcome"]
    assert (outcome["ok"], outcome["usage"]["completion_tokens"]) == (True, 8)
    assert 0 < outcome["first_token_seconds"] <= outcome["seconds"]
    assert b'pointsman_tokens_total{deployment="m@one",type="completion"} 16.0' in metrics.body


async def test_its_tokens_count_against_the_limit():
    """As those of any answer: the next request finds the minute's tokens used up."""
    async with MockProvider("openai", name="one", faults=["plain"]) as mock:
        async with gateway(settings(member(mock, tpm=100))) as it:
            long = ask(stream=True, max_tokens=100, ignore_eos=True)
            statuses = [(await send(it.port, long))[0].status for _ in range(3)]
    assert statuses == [200, 429, 429]


async def test_a_plain_reply_that_is_no_answer_falls_over():
    """The caller has seen nothing yet, so the next one is asked."""
    body = b'{"choices": [{"text": "no message"}]}'
    said = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    async with scripted(said) as bad, MockProvider("openai", name="good") as good:
        odd = deployment("m@odd", at=provider("odd", base_url=f"{bad.url}/v1"))
        made = settings(odd, member(good, "other"), fallbacks={"m": ("other",)}, router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            [reply] = await send(it.port, ask(stream=True))
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
    assert (reply.headers["x-pointsman-deployment"], reply.body[-14:]) == ("other@good", b"data: [DONE]\n\n")
    assert [attempt["failure"] for attempt in record["outcome"]["attempts"]] == ["garbage", None]


async def test_an_http_1_0_caller_gets_it_until_the_connection_ends():
    """Frames without chunks around them."""
    async with MockProvider("openai", name="one", faults=["plain"]) as mock, gateway(over(mock)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(ask(stream=True).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        head, _, body = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
        writer.close()
    assert b"transfer-encoding" not in head
    assert (body[:7], body[-14:]) == (b"data: {", b"data: [DONE]\n\n")
