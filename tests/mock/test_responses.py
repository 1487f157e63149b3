"""OpenAI's Responses API at the simulated provider, asked by the official ``openai`` package."""

from __future__ import annotations

import openai
import pytest

from pointsman.testing import MockProvider

PATH = "/v1/responses"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
RAIN, SUN = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in ("rain", "sun")]
LONG = "Be brief, and say nothing that you have said before. " * 100


async def events(it, **asked):
    """All events of a stream; their numbers have no gap."""
    seen = [event async for event in await it.responses.create(**asked, stream=True)]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    return seen


async def test_whole_and_streamed_say_the_same(provider, client):
    """In OpenAI's order of events, the whole response in the last one."""
    asked = {"model": "gpt-4o", "input": "hi", "instructions": "Be brief.", "metadata": {"a": "b"}}
    async with client(provider) as it:
        whole = await it.responses.create(**asked)
        seen = await events(it, **asked)
    types = [event.type.removeprefix("response.") for event in seen]
    texts = [event.delta for event in seen if event.type == "response.output_text.delta"]
    last = seen[-1].response
    assert whole.output_text.startswith("[openai/gpt-4o]")
    assert "".join(texts) == last.output_text == whole.output_text
    assert types[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert types[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert (whole.status, last.status, last.instructions, last.metadata) == (
        "completed",
        "completed",
        "Be brief.",
        {"a": "b"},
    )
    assert last.usage == whole.usage
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    assert whole.usage.output_tokens == len(texts)


async def test_functions_are_called_and_their_results_answered(provider, client):
    """Each call an item of its own; its arguments come in pieces; thoughts stand before."""
    asked = {"model": "gpt-4o", "tools": [RAIN, SUN, {"type": "web_search"}]}
    asked |= {"input": "Use rain and sun.", "reasoning": {"effort": "low", "summary": "auto"}}
    async with client(provider) as it:
        whole = await it.responses.create(**asked)
        async with it.responses.stream(**asked) as stream:
            streamed = await stream.get_final_response()
        calls = [item for item in whole.output if item.type == "function_call"]
        results = [{"type": "function_call_output", "call_id": call.call_id, "output": "yes"} for call in calls]
        answer = await it.responses.create(model="gpt-4o", previous_response_id=whole.id, input=results)
    assert [item.type for item in streamed.output] == ["reasoning", "function_call", "function_call"]
    assert [(call.name, call.arguments) for call in calls] == [
        (call.name, call.arguments) for call in streamed.output[1:]
    ]
    assert [call.name for call in calls] == ["rain", "sun"]
    assert whole.output[0].summary[0].text == streamed.output[0].summary[0].text != ""
    assert answer.output_text.startswith("[openai/")


async def test_schemas_and_forced_functions(provider, client):
    """A text of the schema; the function of the choice."""
    form = {"format": {"type": "json_schema", "name": "where", "schema": SCHEMA}}
    choice = {"type": "function", "name": "sun"}
    async with client(provider) as it:
        told = await it.responses.create(model="gpt-4o", input="x", text=form)
        called = await it.responses.create(model="gpt-4o", input="x", tools=[RAIN, SUN], tool_choice=choice)
    assert '"city"' in told.output_text
    assert [item.name for item in called.output] == ["sun"]


async def test_an_answer_that_is_too_long_is_incomplete(provider, client):
    """Whole and streamed, by its limit."""
    asked = {"model": "gpt-4o", "input": "hello", "max_output_tokens": 16}
    async with client(provider) as it:
        whole = await it.responses.create(**asked)
        seen = await events(it, **asked)
    assert seen[-1].type == "response.incomplete"
    for response in (whole, seen[-1].response):
        assert (response.status, response.output[0].status) == ("incomplete", "incomplete")
        assert response.incomplete_details.reason == "max_output_tokens"
        assert response.usage.output_tokens == 16


async def test_a_long_input_is_cached_the_second_time(provider, client):
    """And told so."""
    async with client(provider) as it:
        told = [(await it.responses.create(model="gpt-4o", input=LONG)).usage for _ in range(2)]
    assert [usage.input_tokens_details.cached_tokens > 0 for usage in told] == [False, True]


@pytest.mark.parametrize(
    ("asked", "error", "code", "param"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model_not_found", None),
        ({"input": None}, openai.BadRequestError, "missing_required_parameter", "input"),
        ({"input": 3}, openai.BadRequestError, "invalid_type", "input"),
        ({"input": [3]}, openai.BadRequestError, "invalid_type", "input[0]"),
        ({"input": [{"content": "x"}]}, openai.BadRequestError, "missing_required_parameter", "input[0].role"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, openai.NotFoundError, None, "input"),
        ({"tools": [{}]}, openai.BadRequestError, "missing_required_parameter", "tools[0].type"),
        ({"max_output_tokens": 3}, openai.BadRequestError, "integer_below_min_value", "max_output_tokens"),
        ({"previous_response_id": "resp_x"}, openai.BadRequestError, "previous_response_not_found", None),
        ({"input": LONG * 200}, openai.BadRequestError, "context_length_exceeded", "input"),
        ({"background": True}, openai.BadRequestError, "unsupported_parameter", "background"),
    ],
)
async def test_what_is_wrong_is_refused(provider, client, asked, error, code, param):
    """By OpenAI's errors."""
    async with client(provider) as it:
        with pytest.raises(error) as caught:
            await it.responses.create(**{"model": "gpt-4o", "input": "x", **asked})
    assert caught.value.code == code
    assert param in (None, caught.value.param)


async def test_strict_refuses_unknown_fields(client):
    """By name; otherwise they are taken."""
    async with MockProvider("openai", strict=True) as provider, client(provider) as it:
        with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'messages'"):
            await it.responses.create(model="gpt-4o", input="x", extra_body={"messages": []})


async def test_an_error_inside_a_stream(client):
    """An event of its own and the failed response, numbered on."""
    async with MockProvider("openai", faults=["error_frame=3"]) as provider, client(provider) as it:
        seen = await events(it, model="gpt-4o", input="x")
    assert [event.type for event in seen[-3:]] == ["response.output_text.delta", "error", "response.failed"]
    assert (seen[-1].response.status, seen[-1].response.error.code) == ("failed", "server_error")


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        ("cut=2", "response.output_text.delta"),
        ("cut=0", "response.content_part.added"),
        ("no_done", "output_item.done"),
    ],
)
async def test_a_stream_that_breaks_off_has_no_end(client, fault, last):
    """Nothing in it looks like one."""
    async with MockProvider("openai", faults=[fault]) as provider, client(provider) as it:
        seen = await events(it, model="gpt-4o", input="x")
    assert seen[-1].type.endswith(last)


async def test_a_status_has_openais_words(client):
    """On this path as on the others."""
    async with MockProvider("openai", faults=["status=429"]) as provider, client(provider) as it:
        with pytest.raises(openai.RateLimitError) as caught:
            await it.responses.create(model="gpt-4o", input="x")
    assert caught.value.code == "rate_limit_exceeded"


async def test_a_caller_that_leaves_is_seen(client):
    """In the ledger."""
    async with MockProvider("openai", faults=["hang_after=2"]) as provider, client(provider) as it:
        async with await it.responses.create(model="gpt-4o", input="x", stream=True) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    break
        entry = await provider.ledger.wait_for(lambda entry: entry.client_closed)
    assert entry.path == PATH
