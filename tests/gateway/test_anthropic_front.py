"""The ``anthropic`` package, unchanged, against the gateway: before its own kind of server, and before others."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager

import anthropic
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.testing import MockProvider
from support.fleet import member, over
from support.serving import gateway, post, send

MODELS = {"anthropic": "claude-opus-5-5", "openai": "gpt-x", "vllm": "qwen", "ollama": "llama3", "llama-cpp": "phi"}
KINDS = tuple(MODELS)
TRANSLATED = KINDS[1:]

HI = [{"role": "user", "content": "How is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"name": "get_weather", "description": "Tells it.", "input_schema": SCHEMA}
PIXEL = base64.b64encode(b"\x89PNG...").decode()


@asynccontextmanager
async def house(kind, **options):
    """A simulated provider, the gateway before it, and a client of that."""
    async with MockProvider(kind, name="one", models=[MODELS[kind]], **options) as mock:
        async with gateway(over(mock, router=RouterSettings(num_retries=0))) as it:
            async with client(it) as ai:
                yield mock, ai


def client(it):
    return anthropic.AsyncAnthropic(base_url=it.url, api_key="sk-any", max_retries=0, timeout=20)


async def told(ai, **asked):
    """The types of a stream's events, and the message that the package puts together."""
    async with ai.messages.stream(**asked) as stream:
        types = [event.type async for event in stream]
        return types, await stream.get_final_message()


@pytest.mark.parametrize("kind", KINDS)
async def test_whole_and_streamed_it_is_a_message(kind):
    """Text, the reason to stop, figures, and ids that Anthropic's clients look for."""
    asked = {"model": "m", "max_tokens": 500, "system": "Be brief.", "messages": HI}
    async with house(kind) as (_, ai):
        whole = await ai.messages.create(**asked)
        types, streamed = await told(ai, **asked)
    for message in (whole, streamed):
        assert (message.role, message.stop_reason, message.content[0].type) == ("assistant", "end_turn", "text")
        assert message.content[0].text.startswith(f"[one/{MODELS[kind]}]")
        assert message.usage.input_tokens > 0
        assert message.usage.output_tokens > 0
    assert whole._request_id.startswith("req_")
    assert types[0] == "message_start"
    assert types[-2:] == ["message_delta", "message_stop"]
    assert types.count("content_block_start") == types.count("content_block_stop") == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_conversation_with_tools(kind):
    """A call, whole and in pieces, its result, and an answer in words. Ollama can't be told to choose one."""
    asked = {"model": "m", "max_tokens": 500, "tools": [TOOL]}
    if kind == "ollama":
        asked["extra_body"] = {"drop_params": True}
    async with house(kind) as (mock, ai):
        first = await ai.messages.create(**asked, messages=HI, tool_choice={"type": "any"})
        _, again = await told(ai, **asked, messages=HI, tool_choice={"type": "tool", "name": "get_weather"})
        [call] = [block for block in first.content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "rain"}]}
        turns = [*HI, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
        answer = await ai.messages.create(**asked, messages=turns)
    assert (first.stop_reason, again.stop_reason, answer.stop_reason) == ("tool_use", "tool_use", "end_turn")
    assert (call.name, call.input) == ("get_weather", {"city": "one-0", "days": 1})
    assert [(block.name, block.input) for block in again.content] == [(call.name, call.input)]
    assert "rain" in str(mock.ledger.last.body["messages"])


async def test_its_own_kind_of_server_gets_what_the_caller_said():
    """Unknown fields, marks for the cache and headers go on; of the body only the model's name is another."""
    extra = {"a_field_of_tomorrow": {"x": [1, 2]}}
    body = {
        "model": "m",
        "max_tokens": 5,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}
        ],
        "thinking": {"type": "disabled"},
    }
    async with house("anthropic") as (mock, ai):
        await ai.messages.create(**body, extra_headers={"anthropic-beta": "a-2025,b-2026"})
        seen = mock.ledger.last
        with pytest.raises(anthropic.BadRequestError, match="a_field_of_tomorrow: Extra inputs"):
            await ai.messages.create(**body, extra_body=extra)
    assert seen.body == {**body, "model": "claude-opus-5-5"}
    assert seen.headers["anthropic-beta"] == "a-2025,b-2026"


async def test_thoughts_of_another_provider_are_not_sent_to_anthropic():
    """Nobody signed them, and Anthropic refuses such; signed ones stay."""
    thoughts = [
        {"type": "thinking", "thinking": "mine", "signature": ""},
        {"type": "thinking", "thinking": "own", "signature": "c2ln"},
        {"type": "text", "text": "Well."},
    ]
    turns = [*HI, {"role": "assistant", "content": thoughts}, {"role": "user", "content": "And?"}]
    async with house("anthropic") as (mock, ai):
        await ai.messages.create(model="m", max_tokens=5, messages=turns)
    assert mock.ledger.last.body["messages"][1]["content"] == thoughts[1:]


async def test_a_body_that_is_too_large_for_anthropic_is_too_large():
    """Its 413 is the caller's, in its words."""
    async with house("anthropic") as (mock, ai):
        mock.faults.set("status=413")
        with pytest.raises(anthropic.APIStatusError) as caught:
            await ai.messages.create(model="m", max_tokens=5, messages=HI)
    assert (caught.value.status_code, caught.value.body["error"]["type"]) == (413, "request_too_large")


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_images_are_sent_on(kind):
    """As data."""
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]
    async with house(kind) as (mock, ai):
        await ai.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": parts}])
    assert PIXEL in str(mock.ledger.last.body["messages"])


async def test_what_only_anthropic_has_words_for_is_refused_by_name_elsewhere():
    """And goes to who has them."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    asked = {"model": "m", "max_tokens": 5, "messages": HI, "tools": [search]}
    async with house("openai") as (mock, ai):
        with pytest.raises(anthropic.BadRequestError, match=r"tools.*web_search_20250305"):
            await ai.messages.create(**asked)
        assert len(mock.ledger) == 0


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("status=401", anthropic.InternalServerError, "api_error"),
        ("status=429", anthropic.RateLimitError, "rate_limit_error"),
        ("status=500", anthropic.InternalServerError, "api_error"),
        ("status=503", anthropic.InternalServerError, "overloaded_error"),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_failures_have_anthropics_shape(provider, fault, error, kind):
    async with house(provider, faults=[fault]) as (_, ai):
        with pytest.raises(error) as raised:
            await ai.messages.create(model="m", max_tokens=5, messages=HI)
    assert raised.value.body["type"] == "error"
    assert raised.value.body["error"]["type"] == kind
    assert raised.value.body["request_id"] == raised.value.request_id


async def test_what_is_wrong_is_told_in_anthropics_shape_whoever_finds_it():
    """Bodies that are no JSON, wrong types, unknown models, other methods, and bodies that are too large."""
    async with house("openai") as (_, ai):
        port = int(str(ai.base_url).rstrip("/").rpartition(":")[2])
        bodies = [
            b"{",
            b"[]",
            b'{"model":"m","messages":"hi"}',
            b'{"model":"m","messages":[{"role":"x"}]}',
            b'{"model":1}',
        ]
        replies = [(await send(port, post("/v1/messages", body)))[0] for body in bodies]
        unknown = b'{"model":"nobody","messages":[{"role":"user","content":"x"}]}'
        replies += await send(port, post("/v1/messages", unknown))
        replies += await send(port, b"GET /v1/messages HTTP/1.1\r\nhost: x\r\n\r\n")
        replies += await send(port, b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
    assert [reply.status for reply in replies] == [400, 400, 400, 400, 400, 404, 405, 413]
    assert {reply.json()["type"] for reply in replies} == {"error"}
    assert all(set(reply.error) == {"type", "message"} for reply in replies)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_stream_that_breaks_off_says_so(kind):
    """In Anthropic's event, and without an end."""
    async with house(kind, faults=["cut=3"]) as (_, ai):
        with pytest.raises(anthropic.APIStatusError) as raised:
            await told(ai, model="m", max_tokens=500, messages=HI)
    assert raised.value.body["error"]["type"] in ("api_error", "overloaded_error")


async def test_another_provider_goes_on_with_a_stream_in_the_same_message():
    """The caller reads one message of one beginning and one end."""
    async with (
        MockProvider("openai", name="one", models=["x"], faults=["cut=3"]) as one,
        MockProvider("vllm", name="two", models=["x"]) as two,
    ):
        group = [member(one, order=1, prefill=True), member(two, order=2, prefill=True)]
        async with gateway(settings(*group, router=RouterSettings(num_retries=2))) as it:
            async with client(it) as ai:
                types, message = await told(ai, model="m", max_tokens=500, messages=HI)
    assert types.count("message_start") == types.count("message_stop") == 1
    assert message.stop_reason == "end_turn"
    assert message.content[0].text.count("[") == 1


async def test_a_caller_that_leaves_is_heard_upstream():
    """The stream of the provider ends as well."""
    async with house("openai", tokens_per_second=20) as (mock, ai):
        async with ai.messages.stream(model="m", max_tokens=500, messages=HI) as stream:
            async for event in stream:
                if event.type == "content_block_delta":
                    break
        entry = await mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert entry.tokens_sent < 500


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_tokens_are_counted_by_who_can_and_guessed_for_others(kind):
    """A guess asks nobody, and is no result of the deployment's."""
    async with MockProvider(kind, name="one", models=[MODELS[kind]]) as mock:
        async with gateway(over(mock)) as it, client(it) as ai:
            counted = await ai.messages.count_tokens(model="m", messages=HI, system="x" * 400)
            record = it.runtime.board.record(it.runtime.topology.deployments[0])
            results, under_way = record.successes, record.in_flight
    assert 50 < counted.input_tokens < 200
    assert under_way == 0
    assert (len(mock.ledger), results) == ((1, 1) if kind == "anthropic" else (0, 0))


async def test_models_are_listed_in_pages():
    """As Anthropic lists them to who says that he speaks its protocol; the package asks on by itself."""
    names = [f"m{number}" for number in range(5)]
    async with MockProvider("openai", name="one", models=["x"]) as mock:
        async with gateway(settings(*[member(mock, name) for name in names])) as it, client(it) as ai:
            found = [model.id async for model in await ai.models.list(limit=2)]
            page = await ai.models.list(limit=2, before_id="m4")
            one = await ai.models.retrieve("m3")
            with pytest.raises(anthropic.BadRequestError, match="limit"):
                await ai.models.list(limit=0)
            with pytest.raises(anthropic.NotFoundError) as missing:
                await ai.models.retrieve("nobody")
    assert found == names
    assert ([model.id for model in page.data], one.id, one.type) == (["m2", "m3"], "m3", "model")
    assert missing.value.body["error"]["type"] == "not_found_error"
