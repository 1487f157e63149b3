"""The ``openai`` package, unchanged, against the gateway over Anthropic's API."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import openai
import pytest

from pointsman.config.load import load_mapping
from pointsman.config.settings import RouterSettings
from pointsman.testing import MockProvider, Simulation
from support.asking import ask
from support.fleet import over
from support.serving import gateway

MESSAGES = [{"role": "user", "content": "How is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
PIXEL = base64.b64encode(b"\x89PNG...").decode()


@asynccontextmanager
async def house(model="claude-opus-5-5"):
    """A simulated Anthropic, and a client of the gateway before it."""
    async with MockProvider("anthropic", name="one", models=[model]) as mock:
        async with gateway(over(mock, router=RouterSettings(num_retries=0))) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield mock, ai


async def test_a_whole_conversation_with_tools():
    """The call of one answer and its result are the next request's, and the answer is in words."""
    async with house() as (mock, ai):
        asked = {"model": "m", "tools": [TOOL]}
        called = (await ai.chat.completions.create(**asked, messages=MESSAGES)).choices[0]
        [call] = called.message.tool_calls
        told = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
        messages = [{"role": "system", "content": "Be brief."}, *MESSAGES, called.message.model_dump(), told]
        answer = (await ai.chat.completions.create(**asked, messages=messages)).choices[0]
        body = mock.ledger.last.body
    assert (called.finish_reason, answer.finish_reason) == ("tool_calls", "stop")
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "one-0", "days": 1})
    assert answer.message.content.startswith("[one/")
    assert body["system"] == [{"type": "text", "text": "Be brief."}]
    assert body["messages"][-1]["content"] == [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"}]


async def test_a_streamed_call_is_the_same():
    """The package's own accumulator puts it together."""
    asked = {"model": "m", "messages": MESSAGES, "tools": [TOOL], "tool_choice": "required"}
    async with house() as (_, ai):
        whole = (await ai.chat.completions.create(**asked)).choices[0]
        async with ai.chat.completions.stream(**asked) as stream:
            told = (await stream.get_final_completion()).choices[0]
    assert (told.finish_reason, whole.finish_reason) == ("tool_calls", "tool_calls")
    calls = [choice.message.tool_calls[0].function for choice in (whole, told)]
    assert (calls[0].name, calls[0].arguments) == (calls[1].name, calls[1].arguments)


async def test_images_are_counted():
    """Data and addresses."""
    parts = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
    ]
    async with house() as (_, ai):
        plain = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": parts[:1]}])
        both = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])
    assert both.usage.prompt_tokens - plain.usage.prompt_tokens == 170


@pytest.mark.parametrize(
    ("model", "thinking", "length"),
    [
        ("claude-opus-5-5", {"type": "adaptive"}, 4096),
        ("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 4096}, 8192),
    ],
)
async def test_thoughts_come_beside_the_answer(model, thinking, length):
    """Whole and streamed."""
    asked = {"model": "m", "messages": MESSAGES, "reasoning_effort": "high"}
    async with house(model) as (mock, ai):
        whole = (await ai.chat.completions.create(**asked)).choices[0].message
        deltas = [c.choices[0].delta async for c in await ai.chat.completions.create(**asked, stream=True)]
        body = mock.ledger.last.body
    thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thought == whole.reasoning_content != ""
    assert "".join(delta.content or "" for delta in deltas) == whole.content != ""
    assert (body["thinking"], body["max_tokens"]) == (thinking, length)


async def test_an_answer_of_a_schema():
    """Which is the package's own way to ask for one."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    async with house() as (_, ai):
        answer = await ai.chat.completions.create(model="m", messages=MESSAGES, response_format=form)
    assert set(json.loads(answer.choices[0].message.content)) == {"city", "days"}


async def test_cached_tokens_are_told():
    """They are part of the prompt's, streamed or not."""
    system = {"type": "text", "text": "Be brief. " * 50, "cache_control": {"type": "ephemeral"}}
    asked = {"model": "m", "messages": [{"role": "system", "content": [system]}, *MESSAGES]}
    async with house() as (_, ai):
        first = (await ai.chat.completions.create(**asked)).usage
        second = (await ai.chat.completions.create(**asked)).usage
        more = {"stream": True, "stream_options": {"include_usage": True}}
        streamed = [chunk async for chunk in await ai.chat.completions.create(**asked, **more)][-1].usage
    assert (first.prompt_tokens_details.cached_tokens, second.prompt_tokens_details.cached_tokens) == (0, 125)
    assert first.prompt_tokens == second.prompt_tokens > 125
    assert streamed == second


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("says=context_length:variant=anthropic", openai.BadRequestError, "context_length_exceeded"),
        ("says=content_filter:variant=anthropic", openai.BadRequestError, "content_filter"),
        ("status=413", openai.APIStatusError, None),
        ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
        ("status=529", openai.InternalServerError, "upstream_overloaded"),
        ("status=401", openai.InternalServerError, "upstream_refused_credentials"),
        ("status=500", openai.InternalServerError, "upstream_error"),
    ],
)
async def test_errors_are_the_ones_a_user_expects(fault, error, code):
    """By their class and code."""
    async with house() as (mock, ai):
        mock.faults.set(fault)
        with pytest.raises(error) as caught:
            await ai.chat.completions.create(model="m", messages=MESSAGES)
    assert caught.value.code == code


async def test_what_can_t_be_asked_is_a_bad_request_that_names_the_field():
    """And nobody is asked."""
    async with house() as (mock, ai):
        for more, field in (({"n": 2}, "n"), ({"logprobs": True}, "logprobs")):
            with pytest.raises(openai.BadRequestError, match=f"anthropic has no words for {field};") as caught:
                await ai.chat.completions.create(model="m", messages=MESSAGES, **more)
            assert caught.value.param == field
        with pytest.raises(openai.BadRequestError, match="input: this provider makes no embeddings"):
            await ai.embeddings.create(model="m", input="a")
        assert mock.ledger.total == 0


async def test_an_overload_inside_a_stream_is_an_error_to_the_client():
    """After what came; nothing looks like an end."""
    async with house() as (mock, ai):
        mock.faults.set("error_frame=3:variant=anthropic")
        stream = await ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        heard = []
        with pytest.raises(openai.APIError, match="verloaded"):
            heard.extend([chunk async for chunk in stream])


async def test_a_caller_that_leaves_is_told_upstream():
    """The connection to Anthropic is closed at once."""
    async with MockProvider("anthropic", name="one", faults=["hang_after=3"]) as mock, gateway(over(mock)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(ask(stream=True))
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        entry = await asyncio.wait_for(mock.ledger.wait_for(lambda entry: entry.client_closed), 5)
        leases = sum(record.in_flight for record in it.runtime.board.records().values())
    assert (entry.client_closed, leases) == (True, 0)


async def test_a_configuration_needs_a_key_and_a_name():
    """LiteLLM's way to write it, with the key from the environment, sent as Anthropic wants it."""
    entry = {"model_name": "c", "litellm_params": {"model": "anthropic/claude-opus-5-5", "max_tokens": 9}}
    loaded = load_mapping({"model_list": [entry]}, environ={"ANTHROPIC_API_KEY": "sk-ant-hush"})
    assert loaded.settings is not None
    async with Simulation(loaded.settings) as it:
        async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
            answer = await ai.chat.completions.create(model="c", messages=MESSAGES)
        entry = it.providers["anthropic"].ledger.last
    assert (answer.choices[0].finish_reason, answer.model) == ("length", "claude-opus-5-5")
    assert (entry.path, entry.key_matched, "x-api-key" in entry.headers) == ("/v1/messages", True, True)


async def test_thoughts_are_sent_back_with_a_tools_result():
    """The message of one answer, unchanged, is part of the next request; so is one that was streamed."""
    asked = {"model": "m", "tools": [TOOL], "reasoning_effort": "high"}
    async with house("claude-haiku-4-5") as (mock, ai):
        first = (await ai.chat.completions.create(**asked, messages=MESSAGES)).choices[0].message
        [call] = first.tool_calls
        told = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
        await ai.chat.completions.create(**asked, messages=[*MESSAGES, first.model_dump(exclude_none=True), told])
        sent = mock.ledger.last.body
        stream = await ai.chat.completions.create(**asked, messages=MESSAGES, stream=True)
        deltas = [chunk.choices[0].delta.model_dump() async for chunk in stream if chunk.choices]
    blocks = [block for delta in deltas for block in delta.get("thinking_blocks") or ()]
    assert sent["messages"][1]["content"][0] == first.thinking_blocks[0] == blocks[0]
    assert sent["thinking"]["type"] == "enabled"
