"""Streams that break off at simulated servers: what the caller, the record and the metrics have of it."""

from __future__ import annotations

import asyncio

import openai
import pytest

from pointsman.config.settings import RestSettings, RouterSettings
from pointsman.fakes import deployment, provider, settings
from pointsman.testing import MockProvider
from support.asking import ask
from support.fleet import KINDS, member
from support.scripted import scripted
from support.serving import Serving, gateway, send

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "Say something"}], "max_tokens": 12}
BREAKS = ["cut=5", "cut=5:variant=torn", "reset=5", "error_frame=5", "hang_after=5"]


def house(bad: MockProvider, good: MockProvider, router: RouterSettings | None = None, **more: object):
    """``good`` is asked only after ``bad``."""
    first, spare = member(bad, idle_timeout=0.2), member(good, "other", **more)
    return settings(first, spare, fallbacks={"m": ("other",)}, router=router or RouterSettings(num_retries=0))


def client(it: Serving) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20)


async def metrics(it: Serving) -> str:
    return (await send(it.port, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"))[0].body.decode()


async def chat(it: Serving, **more: object) -> tuple[str, list]:
    async with client(it) as ai:
        stream = await ai.chat.completions.create(**QUESTION, stream=True, **more)
        chunks = [chunk async for chunk in stream]
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), chunks


@pytest.mark.parametrize("fault", BREAKS)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("openai", "ollama"),
        ("ollama", "vllm"),
        ("vllm", "llama-cpp"),
        ("llama-cpp", "anthropic"),
        ("anthropic", "openai"),
    ],
)
async def test_the_openai_client_has_one_whole_answer(first, second, fault):
    """Whoever breaks off and whoever goes on: the same words, one role, one finish reason, the second one's figures."""
    async with (
        MockProvider(first, name="bad", voice="v", models=["x"], faults=[fault]) as bad,
        MockProvider(second, name="good", voice="v", models=["x"]) as good,
    ):
        async with gateway(house(bad, good)) as it:
            said, chunks = await chat(it, stream_options={"include_usage": True})
            bad.faults.clear()
            whole, _ = await chat(it)
            found = await metrics(it)
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert (said, len(said.split()) > 5) == (whole, True)
    assert [choice.delta.role for choice in choices if choice.delta.role] == ["assistant"]
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["length"]
    assert chunks[-1].usage.completion_tokens == 12
    assert 'pointsman_streams_resumed_total{result="completed"} 1.0' in found


@pytest.mark.parametrize("kind", ["vllm", "llama-cpp", "ollama"])
async def test_who_can_goes_on_from_the_beginning_it_is_given(kind):
    """It is sent what the caller has, and generates the rest alone."""
    async with (
        MockProvider("openai", name="bad", voice="v", models=["x"], faults=["cut=5"]) as bad,
        MockProvider(kind, name="good", voice="v", models=["x"]) as good,
    ):
        async with gateway(house(bad, good, prefill=True)) as it:
            said, _ = await chat(it)
            bad.faults.clear()
            whole, _ = await chat(it)
        entry = good.ledger.entries[0]
    assert said == whole
    assert entry.tokens_sent == 7
    assert whole.startswith(entry.body["messages"][-1]["content"])


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_text_completion_is_gone_on_with_as_well(kind):
    """By its own field."""
    async with (
        MockProvider("openai", name="bad", voice="v", models=["x"], faults=["cut=4"]) as bad,
        MockProvider(kind, name="good", voice="v", models=["x"]) as good,
    ):
        async with gateway(house(bad, good)) as it, client(it) as ai:
            texts = []
            for _ in range(2):
                stream = await ai.completions.create(model="m", prompt="Once", max_tokens=9, stream=True)
                texts.append("".join([chunk.choices[0].text async for chunk in stream]))
                bad.faults.clear()
    assert texts[0] == texts[1] != ""


async def test_another_answer_is_an_error_to_the_client_and_told_in_the_record():
    """What it has stays what it has; one frame tells both attempts, and nothing looks like an end."""
    async with (
        MockProvider("openai", name="bad", voice="v", faults=["cut=5"]) as bad,
        MockProvider("openai", name="good", voice="w") as good,
    ):
        async with gateway(house(bad, good)) as it:
            [reply] = await send(it.port, ask(stream=True))
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
            with pytest.raises(openai.APIError) as raised:
                await chat(it)
            found = await metrics(it)
    frames = [frame for frame in reply.body.split(b"\n\n") if frame]
    assert [frame for frame in frames if b"error" in frame] == frames[-1:]
    assert b"upstream_stream_cut" in frames[-1]
    assert b"[DONE]" not in reply.body
    assert raised.value.code == "upstream_stream_cut"
    outcome = record["outcome"]
    assert (outcome["ok"], outcome["failure"], outcome["status"], outcome["resumed"]) == (False, "cut", 200, "differed")
    told = [(attempt["deployment"], attempt["failure"], attempt["resumed"]) for attempt in outcome["attempts"]]
    assert told == [("m@bad", "cut", False), ("other@good", "differs", True)]
    assert "m@bad broke off" in record["error"]
    assert 'pointsman_streams_resumed_total{result="differed"} 2.0' in found


async def test_the_head_stays_the_one_that_was_sent():
    """It tells who began; the record who ended."""
    async with (
        MockProvider("openai", name="bad", voice="v", faults=["cut=5"]) as bad,
        MockProvider("openai", name="good", voice="v") as good,
    ):
        async with gateway(house(bad, good)) as it:
            [reply, after] = await send(it.port, ask(stream=True) + ask(), 2)
            record = it.runtime.records.find(reply.headers["x-pointsman-request-id"])
            leases = [record.in_flight for record in it.runtime.board.records().values()]
    assert (reply.headers["x-pointsman-deployment"], reply.headers["x-pointsman-attempts"]) == ("m@bad", "1")
    assert record["outcome"]["attempts"][-1]["deployment"] == "other@good"
    assert (after.status, set(leases)) == (200, {0})


async def test_with_mid_stream_error_it_ends_there():
    """Nobody else is asked."""
    async with (
        MockProvider("openai", name="bad", voice="v", faults=["cut=5"]) as bad,
        MockProvider("openai", name="good", voice="v") as good,
    ):
        async with gateway(house(bad, good, RouterSettings(resume=False))) as it:
            [reply] = await send(it.port, ask(stream=True))
    assert b"upstream_stream_cut" in reply.body
    assert good.ledger.total == 0


async def test_a_request_without_fallbacks_has_none_mid_stream():
    """LiteLLM's router once forgot this (its issue 19077)."""
    async with (
        MockProvider("openai", name="bad", voice="v", faults=["cut=5"]) as bad,
        MockProvider("openai", name="good", voice="v") as good,
    ):
        async with gateway(house(bad, good)) as it:
            [reply] = await send(it.port, ask(stream=True, disable_fallbacks=True))
    assert b"upstream_stream_cut" in reply.body
    assert good.ledger.total == 0


@pytest.mark.parametrize("kind", list(KINDS))
async def test_malformed_frames_are_counted_and_degrade(kind):
    """They are left out, the rest of the answer comes, and no breaker hears of it."""
    async with MockProvider(kind, name="one", faults=["malformed_frame=3"]) as one:
        made = settings(member(one), rest=RestSettings(error_threshold=2))
        async with gateway(made) as it:
            replies = [(await send(it.port, ask(stream=True)))[0] for _ in range(2)]
            found = await metrics(it)
            record = it.runtime.board.record(made.deployments[0])
            degraded = set(it.runtime.board.degraded)
    assert all(reply.body.endswith(b"data: [DONE]\n\n") for reply in replies)
    assert 'pointsman_malformed_frames_total{deployment="m@one"} 2.0' in found
    assert (record.failures, record.breaker.failures, degraded) == (0, 0, {"m@one"})


WORD = b'data: {"choices":[{"delta":{"content":"Once"}}]}\n\n'
DIED = b'data: {"error":{"message":"the engine died"}}\n\n'
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
REST = WORD + b'data: {"choices":[{"delta":{"content":" upon"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


async def test_who_goes_on_waits_for_a_caller_that_is_behind():
    """What the first one filled up is not topped by the second."""
    async with scripted(STREAM + WORD) as one, scripted(STREAM + REST, hang_up=True) as two:
        members = [deployment(name, name, provider(name, base_url=at.url)) for name, at in (("m", one), ("n", two))]
        made = settings(*members, fallbacks={"m": ("n",)}, router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            writer.write(ask(stream=True))
            await asyncio.wait_for(reader.readuntil(WORD), 20)
            [lane] = it.server.server_state.connections
            lane.flow.pause_writing()
            one.say(0, DIED)
            async with asyncio.timeout(20):
                while not two.asked or lane.cycle.on_full is None:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
            taking_over = lane.cycle.on_full.__self__
            assert taking_over._paused
            lane.resume_writing()
            assert not taking_over._paused
            await asyncio.wait_for(reader.readuntil(b"data: [DONE]\n\n"), 20)
            writer.close()
