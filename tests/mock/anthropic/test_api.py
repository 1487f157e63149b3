"""The anthropic kind, asked by the official anthropic package: what it answers, and what it refuses."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anthropic
import pytest

from pointsman.testing import MockProvider

MODEL = "claude-opus-5-5"
HELLO = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"name": "get_weather", "input_schema": SCHEMA}
VERSION = {"anthropic-version": "2023-06-01"}
LINES = ["anthropic-version: 2023-06-01", "x-api-key: sk-right"]
PATH = "/v1/messages"
OLDER = "claude-opus-4-5"
BUDGET = {"type": "enabled", "budget_tokens": 1024}
NO_IMAGE = {"type": "image", "source": {"type": "base64"}}
SHOWN = ("type", "text", "thinking", "signature", "name", "input")


@pytest.fixture
async def provider():
    async with MockProvider("anthropic", name="alpha", models=[MODEL, OLDER], api_key="sk-right") as started:
        yield started


@asynccontextmanager
async def client(provider, key="sk-right"):
    async with anthropic.AsyncAnthropic(
        base_url=provider.base_url, api_key=key, max_retries=0, default_headers=VERSION
    ) as it:
        yield it


async def test_a_message(provider):
    """It names who answered, counts, and ends by itself; the same question has the same answer and another id."""
    async with client(provider) as it:
        one, two = [await it.messages.create(**HELLO) for _ in range(2)]
    assert one.content[0].text.startswith("[alpha/claude-opus-5-5] ")
    assert (one.content, one.id != two.id, one.stop_reason) == (two.content, True, "end_turn")
    assert one.usage.output_tokens == len(one.content[0].text.split(" "))
    assert one.usage.input_tokens > 0


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"max_tokens": 3},
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
        {"thinking": {"type": "adaptive"}},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ],
)
async def test_a_stream_says_what_the_whole_message_says(provider, more):
    """As the package itself puts it together."""
    async with client(provider) as it:
        whole = await it.messages.create(**{**HELLO, **more})
        async with it.messages.stream(**{**HELLO, **more}) as stream:
            message = await stream.get_final_message()
    for one, other in zip(whole.content, message.content, strict=True):
        for name in SHOWN:
            assert getattr(one, name, None) == getattr(other, name, None)
    assert (whole.stop_reason, whole.usage.input_tokens) == (message.stop_reason, message.usage.input_tokens)
    assert whole.usage.output_tokens == message.usage.output_tokens


async def test_events_have_names_and_an_order(ask, provider):
    """As they come, with a ping, and no [DONE]."""
    answer = await ask(provider, "POST", PATH, {**HELLO, "max_tokens": 2, "stream": True}, LINES)
    names = [line[7:] for line in answer.body.decode().split("\n") if line.startswith("event: ")]
    assert names == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert [chunk["type"] for chunk in answer.chunks] == names


async def test_why_it_ends(provider):
    """At its length, at a stop sequence, with a call."""
    async with client(provider) as it:
        whole = (await it.messages.create(**HELLO)).content[0].text
        short = await it.messages.create(**{**HELLO, "max_tokens": 3})
        word = whole.split(" ")[4]
        stopped = await it.messages.create(**HELLO, stop_sequences=[word])
        named = {"type": "tool", "name": "get_weather"}
        called = await it.messages.create(**HELLO, tools=[TOOL], tool_choice=named)
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 3)
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", word)
    assert stopped.content[0].text == whole[: whole.index(word)]
    assert (called.stop_reason, called.content[0].input) == ("tool_use", {"city": "alpha-0", "days": 1})


async def test_several_tools_are_used_in_one_answer(provider):
    """A block each, whole and streamed; one alone where that is asked for."""
    tools = [{**TOOL, "name": "rain"}, {**TOOL, "name": "sun"}]
    asked = {**HELLO, "messages": [{"role": "user", "content": "sun and rain?"}], "tools": tools}
    async with client(provider) as it:
        whole = (await it.messages.create(**asked)).content
        async with it.messages.stream(**asked) as stream:
            told = (await stream.get_final_message()).content
        one = {"type": "auto", "disable_parallel_tool_use": True}
        alone = (await it.messages.create(**asked, tool_choice=one)).content
    assert [(block.name, block.input) for block in whole] == [(block.name, block.input) for block in told]
    assert [block.name for block in whole] == ["rain", "sun"]
    assert whole[0].id != whole[1].id
    assert len(alone) == 1


async def test_a_result_is_answered_in_words(provider):
    """Calls and results belong together."""
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get_weather", "input": {}}]}
    told = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "rain"}]}
    messages = [*HELLO["messages"], called, told]
    async with client(provider) as it:
        answer = await it.messages.create(**{**HELLO, "messages": messages}, tools=[TOOL])
        for wrong in (messages[:2], [messages[0], told], [*messages[:2], messages[0]]):
            with pytest.raises(anthropic.BadRequestError, match=r"tool_use|tool_result"):
                await it.messages.create(**{**HELLO, "messages": [*wrong, *HELLO["messages"]]}, tools=[TOOL])
    assert (answer.stop_reason, answer.content[0].type) == ("end_turn", "text")


async def test_an_answer_that_has_begun_is_gone_on_from(provider):
    """Where the last message is the assistant's."""
    async with client(provider) as it:
        whole = (await it.messages.create(**HELLO)).content[0].text
        begun = {"role": "assistant", "content": whole[:30]}
        rest = await it.messages.create(**{**HELLO, "messages": [*HELLO["messages"], begun]})
    assert rest.content[0].text == whole[30:]


async def test_what_is_marked_is_cached(provider):
    """Written the first time, read the second."""
    system = [{"type": "text", "text": "Be brief. " * 50, "cache_control": {"type": "ephemeral"}}]
    async with client(provider) as it:
        first, second = [(await it.messages.create(**HELLO, system=system)).usage for _ in range(2)]
        counted = await it.messages.count_tokens(model=MODEL, messages=HELLO["messages"], system=system)
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens) == (125, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, 125)
    assert first.input_tokens == second.input_tokens == counted.input_tokens - 125


async def test_models_are_listed_by_the_page(provider):
    """With what they can take."""
    async with MockProvider("anthropic", models=[f"claude-{n}" for n in range(25)]) as many, client(many) as it:
        listed = [model.id async for model in it.models.list()]
        one = await it.models.retrieve("claude-3")
        with pytest.raises(anthropic.NotFoundError):
            await it.models.retrieve("claude-99")
    assert (listed, one.max_input_tokens) == ([f"claude-{n}" for n in range(25)], 200_000)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"extra_body": {"n": 2}}, "n: Extra inputs are not permitted"),
        ({"extra_body": {"temperature": 1.5}}, "temperature: "),
        ({"max_tokens": 0}, "max_tokens: "),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "does not match"),
        (
            {"messages": [{"role": "user", "content": [NO_IMAGE]}]},
            "image.source",
        ),
        ({"tools": [{"name": "f", "input_schema": {}}]}, "input_schema"),
        ({"tool_choice": {"type": "auto"}}, "while providing tools"),
        ({"thinking": BUDGET}, "thinking.type.enabled"),
        ({"model": OLDER, "thinking": {"type": "adaptive"}}, "thinking.type.adaptive"),
        ({"model": OLDER, "thinking": {**BUDGET, "budget_tokens": 10}}, "budget_tokens"),
        ({"model": OLDER, "thinking": BUDGET}, "must be greater"),
        ({"extra_body": {"temperature": 0.5}}, "temperature. is deprecated"),
        ({"output_config": {"format": {"type": "json_object"}}}, "output_config.format"),
        ({"messages": [{"role": "user", "content": "x" * 900_000}]}, "prompt is too long: 225004 tokens > 200000"),
        ({"max_tokens": 199_999, "timeout": 20}, "exceed context limit"),
    ],
)
async def test_what_anthropic_refuses(provider, more, says):
    """With its own words, as a bad request."""
    async with client(provider) as it:
        with pytest.raises(anthropic.BadRequestError, match=says) as refused:
            await it.messages.create(**{**HELLO, **more})
    assert refused.value.body["error"]["type"] == "invalid_request_error"
    assert refused.value.request_id.startswith("req_01")


async def test_a_newer_version_has_no_temperature(provider, ask):
    """And none at all is refused too."""
    asked = {**HELLO, "temperature": 1}
    key = "x-api-key: sk-right"
    old = await ask(provider, "POST", PATH, asked, LINES)
    new = await ask(provider, "POST", PATH, asked, ["anthropic-version: 2026-10-21", key])
    none = await ask(provider, "POST", PATH, HELLO, [key])
    assert (old.status, new.status, none.status) == (200, 400, 400)
    assert "temperature" in new.json()["error"]["message"]
    assert "anthropic-version" in none.json()["error"]["message"]


async def test_keys_and_names_that_are_wrong(provider):
    """401 and 404 in their own shape."""
    async with client(provider, "sk-wrong") as it:
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            await it.messages.create(**HELLO)
    async with client(provider) as it:
        with pytest.raises(anthropic.NotFoundError, match="model: claude-0"):
            await it.messages.create(**{**HELLO, "model": "claude-0"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (402, "billing_error"),
        (403, "permission_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
async def test_a_status_fault_is_an_error_of_its_kind(provider, status, kind):
    """With the header that tells when to come again."""
    provider.faults.set(f"status={status}:retry_after=7")
    async with client(provider) as it:
        with pytest.raises(anthropic.APIStatusError) as caught:
            await it.messages.create(**HELLO)
    assert (caught.value.body["error"]["type"], caught.value.response.headers["retry-after"]) == (kind, "7")


async def test_an_error_inside_a_stream(provider):
    """An event of its own after the tokens that came."""
    provider.faults.set("error_frame=2")
    heard = []

    async def listen(stream):
        heard.extend([event.type async for event in stream])

    async with client(provider) as it:
        stream = await it.messages.create(**HELLO, stream=True)
        with pytest.raises(anthropic.APIStatusError):
            await listen(stream)
    assert (heard, provider.ledger.last.tokens_sent) == ([], 2)


async def test_faults_of_streams(provider, ask):
    """``no_done`` takes the last event away; ``plain`` makes a whole message of a stream."""
    asked, head = {**HELLO, "stream": True}, LINES
    provider.faults.set("no_done")
    cut = await ask(provider, "POST", PATH, asked, head)
    provider.faults.set("plain")
    plain = await ask(provider, "POST", PATH, asked, head)
    assert (cut.complete, cut.chunks[-1]["type"]) == (True, "message_delta")
    assert (plain.headers["content-type"], plain.json()["type"]) == ("application/json", "message")


@pytest.mark.parametrize("more", [{"thinking": 5}, {"output_config": 5}, {"output_config": {"format": 5}}])
async def test_a_setting_that_is_no_object_is_refused_by_name(provider, ask, more):
    """With a 400, as any field that makes no sense."""
    reply = await ask(provider, "POST", PATH, {**HELLO, **more}, LINES)
    assert (reply.status, reply.json()["error"]["type"]) == (400, "invalid_request_error")
    assert next(iter(more)) in reply.json()["error"]["message"]
