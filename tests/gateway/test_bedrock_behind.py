"""The ``openai`` package, unchanged, against the gateway over Amazon Bedrock, whose requests are signed."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import msgspec
import openai
import pytest

from pointsman.config.load import load_mapping
from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings as fleet
from pointsman.model.aws import Aws, Pair
from pointsman.model.secret import Secret
from pointsman.testing import MockProvider, Simulation
from support.asking import ask
from support.fleet import member
from support.serving import gateway, post, send

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MESSAGES = [{"role": "user", "content": "How is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
CLOCK = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
PIXEL = base64.b64encode(b"\x89PNG...").decode()
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz==")
PAIR = Pair(*map(Secret, KEYS))


def signing(mock: MockProvider, pair: Pair = PAIR, **more):
    """One deployment whose requests are signed with these keys."""
    one = member(mock)
    at = msgspec.structs.replace(one.provider, aws=Aws("us-east-1", pair))
    return fleet(msgspec.structs.replace(one, provider=at), router=RouterSettings(num_retries=0), **more)


def functions(choice):
    """What was called, without the ids, which are each answer's own."""
    calls = choice.message.tool_calls or []
    return [(call.function.name, call.function.arguments) for call in calls]


@asynccontextmanager
async def house(model=MODEL, **options):
    """A simulated Bedrock that wants signatures, and a client of the gateway before it."""
    async with MockProvider("bedrock", name="one", models=[model], api_key=":".join(KEYS), **options) as mock:
        async with gateway(signing(mock)) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield mock, ai


async def test_a_whole_conversation_with_tools():
    """The calls of one answer and their results are the next request's, and the answer is in words."""
    async with house() as (mock, ai):
        asked = {"model": "m", "tools": [TOOL, CLOCK]}
        told = [{"role": "user", "content": "get_weather and get_time"}]
        called = (await ai.chat.completions.create(**asked, messages=told)).choices[0]
        calls = called.message.tool_calls
        results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in calls]
        messages = [{"role": "system", "content": "Be brief."}, *told, called.message.model_dump(), *results]
        answer = (await ai.chat.completions.create(**asked, messages=messages)).choices[0]
        entry = mock.ledger.last
    assert (called.finish_reason, answer.finish_reason) == ("tool_calls", "stop")
    assert [call.function.name for call in calls] == ["get_weather", "get_time"]
    assert json.loads(calls[0].function.arguments) == {"city": "one-0", "days": 1}
    assert answer.message.content.startswith("[one/")
    assert entry.body["system"] == [{"text": "Be brief."}]
    assert len(entry.body["messages"][-1]["content"]) == 2
    assert (entry.key_matched, entry.path) == (True, f"/model/{MODEL}/converse")


async def test_a_streamed_answer_is_the_same():
    """Words and calls, as the package's own accumulator puts them together."""
    forced = {"tools": [TOOL, CLOCK], "messages": [{"role": "user", "content": "get_weather and get_time"}]}
    async with house() as (mock, ai):
        for more in ({"messages": MESSAGES}, forced):
            asked = {"model": "m", **more}
            whole = await ai.chat.completions.create(**asked)
            async with ai.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
                told = await stream.get_final_completion()
            one, other = whole.choices[0], told.choices[0]
            assert (other.finish_reason, other.message.content or None) == (one.finish_reason, one.message.content)
            assert functions(other) == functions(one)
            assert told.usage == whole.usage
        assert mock.ledger.last.path.endswith("/converse-stream")


async def test_images_are_counted():
    """As data; by its address an image can't be asked about."""
    parts = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]
    web = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    async with house() as (_, ai):
        plain = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": parts[:1]}])
        both = await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])
        with pytest.raises(openai.BadRequestError, match="images as base64 data, not by their address"):
            await ai.chat.completions.create(model="m", messages=[{"role": "user", "content": [web]}])
    assert both.usage.prompt_tokens - plain.usage.prompt_tokens == 85


@pytest.mark.parametrize("model", [MODEL, "global.anthropic.claude-opus-4-7-v1", "us.amazon.nova-2-lite-v1:0"])
async def test_thoughts_come_beside_the_answer(model):
    """Whole and streamed, of each maker's models that think."""
    asked = {"model": "m", "messages": MESSAGES, "reasoning_effort": "high"}
    async with house(model) as (_, ai):
        whole = (await ai.chat.completions.create(**asked)).choices[0].message
        deltas = [c.choices[0].delta async for c in await ai.chat.completions.create(**asked, stream=True)]
    thought = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thought == whole.reasoning_content != ""
    assert "".join(delta.content or "" for delta in deltas) == whole.content != ""


async def test_thoughts_are_sent_back_with_a_tools_result():
    """The message of one answer, unchanged, is part of the next request; so is one that was streamed."""
    asked = {"model": "m", "tools": [TOOL], "reasoning_effort": "high"}
    async with house() as (mock, ai):
        first = (await ai.chat.completions.create(**asked, messages=MESSAGES)).choices[0].message
        [call] = first.tool_calls
        told = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
        await ai.chat.completions.create(**asked, messages=[*MESSAGES, first.model_dump(exclude_none=True), told])
        sent = mock.ledger.last.body
        stream = await ai.chat.completions.create(**asked, messages=MESSAGES, stream=True)
        deltas = [chunk.choices[0].delta.model_dump() async for chunk in stream if chunk.choices]
    [block] = [block for delta in deltas for block in delta.get("thinking_blocks") or ()]
    thought = sent["messages"][1]["content"][0]["reasoningContent"]["reasoningText"]
    assert block == first.thinking_blocks[0]
    assert thought == {"text": block["thinking"], "signature": block["signature"]}
    assert sent["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


async def test_what_it_has_no_words_for_is_left_out_where_that_is_wanted():
    """And is told by its name; else it is a 400."""
    asked = {"model": "m", "messages": MESSAGES, "seed": 5, "tools": [TOOL], "parallel_tool_calls": False}
    async with house() as (mock, ai):
        with pytest.raises(openai.BadRequestError, match="bedrock has no words for seed"):
            await ai.chat.completions.create(**asked)
        told = await ai.chat.completions.with_raw_response.create(**asked, extra_body={"drop_params": True})
        body = mock.ledger.last.body
    assert told.headers["x-pointsman-dropped"] == "seed, parallel_tool_calls"
    assert list(body) == ["messages", "toolConfig"]


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
        ("says=context_length:variant=bedrock", openai.BadRequestError, "context_length_exceeded"),
        ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
        ("status=429:code=ModelNotReadyException", openai.InternalServerError, "upstream_overloaded"),
        ("status=503", openai.InternalServerError, "upstream_overloaded"),
        ("status=403", openai.InternalServerError, "upstream_refused_credentials"),
        ("status=404", openai.NotFoundError, "model_not_found"),
        ("status=408", openai.InternalServerError, "upstream_timeout"),
        ("status=424", openai.InternalServerError, "upstream_error"),
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


async def listen(stream, heard):
    async for chunk in stream:
        heard.append(chunk)


async def test_an_exception_inside_a_stream_is_an_error_to_the_client():
    """After what came; nothing looks like an end. So does damage on the way."""
    for fault in ("error_frame=3", "cut=3", "reset=3"):
        async with house() as (mock, ai):
            mock.faults.set(fault)
            stream = await ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            heard = []
            with pytest.raises(openai.APIError):
                await listen(stream, heard)
            assert len(heard) >= 1
            assert not any(choice.finish_reason for chunk in heard for choice in chunk.choices)


async def test_a_caller_that_leaves_is_told_upstream():
    """The connection to AWS is closed at once."""
    async with MockProvider("bedrock", name="one", faults=["hang_after=3"], api_key=":".join(KEYS)) as mock:
        async with gateway(signing(mock)) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            writer.write(ask(stream=True))
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            entry = await asyncio.wait_for(mock.ledger.wait_for(lambda entry: entry.client_closed), 5)
            leases = sum(record.in_flight for record in it.runtime.board.records().values())
    assert (entry.client_closed, entry.key_matched, leases) == (True, True, 0)


@pytest.mark.parametrize("wrong", [Pair(Secret(KEYS[0]), Secret("x"), Secret(KEYS[2])), Pair(*map(Secret, KEYS[:2]))])
async def test_wrong_keys_are_ours_not_the_callers(wrong):
    """He is told that we were refused, and nothing of the keys."""
    async with MockProvider("bedrock", name="one", models=[MODEL], api_key=":".join(KEYS)) as mock:
        async with gateway(signing(mock, wrong)) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
                with pytest.raises(openai.InternalServerError) as caught:
                    await ai.chat.completions.create(model="m", messages=MESSAGES)
    assert caught.value.code == "upstream_refused_credentials"
    assert not any(key in caught.value.response.text for key in KEYS)


async def test_a_key_that_is_sent():
    """Bedrock's own keys are sent as they are, and nothing is signed."""
    async with MockProvider("bedrock", name="one", models=[MODEL], api_key="bedrock-api-key-hush") as mock:
        one = member(mock)
        at = msgspec.structs.replace(one.provider, api_key=Secret("bedrock-api-key-hush"))
        async with gateway(fleet(msgspec.structs.replace(one, provider=at))) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
                await ai.chat.completions.create(model="m", messages=MESSAGES)
        entry = mock.ledger.last
    assert (entry.key_matched, "x-amz-date" in entry.headers) == (True, False)


@pytest.mark.parametrize("form", ["float", "base64"])
async def test_embeddings(form):
    """Of Titan, one at a time; of Cohere, many."""
    async with house("cohere.embed-english-v3") as (_, ai):
        many = await ai.embeddings.create(model="m", input=["a b", "a b", "c"], encoding_format=form)
    async with house("amazon.titan-embed-text-v2:0") as (_, ai):
        one = await ai.embeddings.create(model="m", input="a b", dimensions=256, encoding_format=form)
        with pytest.raises(openai.BadRequestError, match="one text at a time"):
            await ai.embeddings.create(model="m", input=["a", "b"])
    assert many.data[0].embedding == many.data[1].embedding != many.data[2].embedding
    assert (many.usage.prompt_tokens, one.usage.prompt_tokens) == (3, 1)
    if form == "float":
        assert (len(many.data[0].embedding), len(one.data[0].embedding)) == (1024, 256)


async def test_a_configuration_needs_a_region_and_a_name():
    """LiteLLM's way to write it, with keys from the environment."""
    params = {"model": f"bedrock/converse/{MODEL}", "aws_region_name": "eu-central-1", "max_tokens": 9}
    environ = {"AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1], "AWS_SESSION_TOKEN": KEYS[2]}
    loaded = load_mapping({"model_list": [{"model_name": "c", "litellm_params": params}]}, environ=environ)
    assert loaded.settings is not None
    async with Simulation(loaded.settings) as it:
        async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
            answer = await ai.chat.completions.create(model="c", messages=MESSAGES)
        entry = it.providers["bedrock"].ledger.last
    assert (answer.choices[0].finish_reason, answer.model) == ("length", MODEL)
    assert (entry.model, entry.key_matched, entry.headers["x-amz-security-token"]) == (MODEL, True, "***")


async def test_a_document_of_anthropic_s_client_is_read():
    """By way of OpenAI's words for it."""
    source = {"type": "base64", "media_type": "application/pdf", "data": PIXEL}
    said = [{"type": "document", "source": source, "title": "A"}, {"type": "text", "text": "What is in it?"}]
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": said}]}
    async with MockProvider("bedrock", name="one", models=[MODEL], api_key=":".join(KEYS)) as mock:
        async with gateway(signing(mock)) as it:
            [reply] = await send(it.port, post("/v1/messages", json.dumps(asked).encode()))
        document = mock.ledger.last.body["messages"][0]["content"][0]["document"]
    assert reply.status == 200
    assert document == {"format": "pdf", "name": "document 1", "source": {"bytes": PIXEL}}
