"""The ``openai`` package's Responses API, unchanged, before providers that only have chat completions."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager

import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.testing import MockProvider
from support.fleet import over
from support.serving import gateway

MODELS = {"anthropic": "claude-opus-5-5", "vllm": "qwen", "ollama": "llama3", "llama-cpp": "phi"}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "name": "get_weather", "description": "Tells it.", "parameters": SCHEMA, "strict": False}
PIXEL = base64.b64encode(b"\x89PNG...").decode()


@asynccontextmanager
async def house(kind, **options):
    async with MockProvider(kind, name="one", models=[MODELS[kind]], **options) as mock:
        async with gateway(over(mock, router=RouterSettings(num_retries=0))) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield mock, ai


async def told(ai, **asked):
    """The types of a stream's events, whether they are numbered without a gap, and the response at its end."""
    async with ai.responses.stream(**asked) as stream:
        events = [event async for event in stream]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        return [event.type for event in events], await stream.get_final_response()


@pytest.mark.parametrize("kind", MODELS)
async def test_whole_and_streamed_it_is_a_response(kind):
    asked = {"model": "m", "instructions": "Be brief.", "input": "hi", "max_output_tokens": 500, "metadata": {"a": "b"}}
    async with house(kind) as (_, ai):
        whole = await ai.responses.create(**asked)
        types, streamed = await told(ai, **asked)
    for response in (whole, streamed):
        assert (response.status, response.instructions, response.metadata) == ("completed", "Be brief.", {"a": "b"})
        assert response.output_text.startswith(f"[one/{MODELS[kind]}]")
        assert response.usage.input_tokens > 0
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert types[:2] == ["response.created", "response.in_progress"]
    assert types[-1] == "response.completed"
    assert types.count("response.output_item.added") == types.count("response.output_item.done") == 1


@pytest.mark.parametrize("kind", MODELS)
async def test_a_conversation_with_functions(kind):
    """The items of one response are the next one's input, as they are."""
    asked = {"model": "m", "tools": [TOOL]}
    async with house(kind) as (mock, ai):
        first = await ai.responses.create(**asked, input="Weather?")
        _, again = await told(ai, **asked, input="Weather?")
        [call] = first.output
        items = [
            {"role": "user", "content": "Weather?"},
            *[item.model_dump(exclude_none=True) for item in first.output],
        ]
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain"})
        answer = await ai.responses.create(**asked, input=items)
    assert (call.type, call.name, call.arguments) == ("function_call", "get_weather", '{"city":"one-0"}')
    assert [(item.name, item.arguments, item.status) for item in again.output] == [
        (call.name, call.arguments, "completed")
    ]
    assert answer.output_text.startswith("[one/")
    assert "rain" in str(mock.ledger.last.body["messages"])


async def test_schemas_images_and_efforts_are_said_in_chats_words():
    form = {"format": {"type": "json_schema", "name": "where", "schema": SCHEMA, "strict": True}}
    parts = [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
    ]
    async with house("vllm") as (mock, ai):
        await ai.responses.create(
            model="m", input=[{"role": "developer", "content": "x"}, {"role": "user", "content": parts}],
            text=form, reasoning={"effort": "low"}, top_logprobs=2,
        )  # fmt: skip
        body = mock.ledger.last.body
    assert body["response_format"]["json_schema"] == {"name": "where", "schema": SCHEMA, "strict": True}
    assert (body["reasoning_effort"], body["logprobs"], body["top_logprobs"]) == ("low", True, 2)
    assert body["messages"][0] == {"role": "system", "content": "x"}
    assert body["messages"][1]["content"][1]["image_url"]["detail"] == "low"


async def test_an_answer_that_is_too_long_is_incomplete():
    async with house("vllm") as (_, ai):
        whole = await ai.responses.create(model="m", input="hi", max_output_tokens=3)
        stream = await ai.responses.create(model="m", input="hi", max_output_tokens=3, stream=True)
        last = [event async for event in stream][-1]
    assert last.type == "response.incomplete"
    for response in (whole, last.response):
        assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "input"),
        ({"extra_body": {"a_field_of_tomorrow": 1}}, "a_field_of_tomorrow"),
    ],
)
async def test_what_chat_has_no_words_for_is_refused_by_name(asked, field):
    async with house("vllm") as (mock, ai):
        with pytest.raises(openai.BadRequestError, match=field):
            await ai.responses.create(**{"model": "m", "input": "hi", **asked})
        assert [entry for entry in mock.ledger.entries if entry.method == "POST"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"input": 3},
        {"input": [3]},
        {"input": [{"role": "cook", "content": ""}]},
        {"tools": 3},
        {"tools": [{"type": "function"}]},
    ],
)
async def test_what_is_wrong_is_refused_by_name(asked):
    async with house("vllm") as (_, ai):
        with pytest.raises(openai.BadRequestError) as raised:
            await ai.responses.create(**{"model": "m", "input": "hi", **asked})
    assert raised.value.param in asked


async def test_a_stream_that_breaks_off_says_so():
    """In an event of its own, and the response as one that failed."""
    seen = []
    async with house("vllm", faults=["cut=3"]) as (_, ai):
        stream = await ai.responses.create(model="m", input="hi", stream=True)
        seen = [event async for event in stream]
    assert [event.type for event in seen[-2:]] == ["error", "response.failed"]
    assert seen[-1].response.status == "failed"
    assert seen[-1].response.error.message
