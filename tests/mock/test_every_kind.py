"""What holds for the OpenAI-compatible paths of every kind that has them, asked by the official openai package."""

from __future__ import annotations

import math

import openai
import pytest

from pointsman.mock import KINDS
from pointsman.testing import MockProvider
from support.fleet import ALONE

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        },
    },
}


@pytest.fixture(params=sorted(set(KINDS) - ALONE))
async def any_kind(request):
    async with MockProvider(request.param, name="alpha", models=["m1"]) as started:
        yield started


async def test_a_chat_names_who_answered(any_kind, client, hello):
    """The text begins with provider and model, usage adds up, and the answer ends by itself."""
    async with client(any_kind) as it:
        answer = await it.chat.completions.create(**hello("m1"))
    assert answer.choices[0].message.content.startswith("[alpha/m1] ")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.object == "chat.completion"


async def test_the_same_question_has_the_same_answer(any_kind, client, hello):
    """Two requests with the same content get the same text and different ids."""
    async with client(any_kind) as it:
        one = await it.chat.completions.create(**hello("m1"))
        two = await it.chat.completions.create(**hello("m1"))
    assert one.choices[0].message.content == two.choices[0].message.content
    assert one.id != two.id


async def test_a_stream_says_what_the_whole_answer_says(any_kind, client, hello):
    """The deltas of a stream join to the text of the unary answer, and its usage is the same."""
    async with client(any_kind) as it:
        answer = await it.chat.completions.create(**hello("m1"))
        stream = await it.chat.completions.create(**hello("m1"), stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
    spoken = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in spoken) == answer.choices[0].message.content
    assert [choice.finish_reason for choice in spoken if choice.finish_reason] == ["stop"]
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], answer.usage.total_tokens)


async def test_usage_comes_only_when_asked_for(any_kind, client, hello):
    """Without include_usage no chunk carries usage and none has empty choices."""
    async with client(any_kind) as it:
        chunks = [chunk async for chunk in await it.chat.completions.create(**hello("m1"), stream=True)]
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


async def test_max_tokens_ends_with_length(any_kind, client, hello):
    """An answer cut by max_tokens has that many tokens and finish_reason length."""
    async with client(any_kind) as it:
        answer = await it.chat.completions.create(**hello("m1"), max_tokens=3)
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 3)
    assert len(answer.choices[0].message.content.split(" ")) == 3


async def test_a_stop_sequence_is_not_said(any_kind, client, hello):
    """The answer ends before the stop sequence, with finish_reason stop."""
    async with client(any_kind) as it:
        full = (await it.chat.completions.create(**hello("m1"))).choices[0].message.content
        word = full.split(" ")[4]
        cut = await it.chat.completions.create(**hello("m1"), stop=[word])
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == (
        full[: full.index(word)],
        "stop",
    )


async def test_several_choices_differ(any_kind, client, hello):
    """n=2 gives two different choices, in one answer and in a stream alike."""
    async with client(any_kind) as it:
        answer = await it.chat.completions.create(**hello("m1"), n=2)
        texts = ["", ""]
        async for chunk in await it.chat.completions.create(**hello("m1"), n=2, stream=True):
            texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == [choice.message.content for choice in answer.choices]
    assert texts[0] != texts[1]


async def test_a_tool_is_called(any_kind, client, hello):
    """With tool_choice required the answer is a call whose arguments fit the schema, whole and streamed."""
    async with client(any_kind) as it:
        asked = {**hello("m1"), "tools": [TOOL], "tool_choice": "required"}
        answer = await it.chat.completions.create(**asked)
        call = answer.choices[0].message.tool_calls[0]
        name, arguments, finish = "", "", None
        async for chunk in await it.chat.completions.create(**asked, stream=True):
            finish = chunk.choices[0].finish_reason or finish
            for part in chunk.choices[0].delta.tool_calls or []:
                name += part.function.name or ""
                arguments += part.function.arguments or ""
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"alpha-0","days":1}')
    assert (name, arguments, finish) == ("get_weather", call.function.arguments, "tool_calls")
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_all_functions_that_are_named_are_called(any_kind, client, hello):
    """Calls of one answer, whole and streamed, each with an id of its own; one alone where that is asked for."""
    tools = [{"type": "function", "function": {**TOOL["function"], "name": name}} for name in ("rain", "sun", "wind")]
    asked = {**hello("m1", "sun and rain?"), "tools": tools}
    async with client(any_kind) as it:
        calls = (await it.chat.completions.create(**asked)).choices[0].message.tool_calls
        async with it.chat.completions.stream(**asked) as stream:
            told = (await stream.get_final_completion()).choices[0].message.tool_calls
        alone = await it.chat.completions.create(**asked, parallel_tool_calls=False)
    assert [call.function.name for call in calls] == ["rain", "sun"]
    assert calls[0].id != calls[1].id
    assert [(call.function.name, call.function.arguments) for call in told] == [
        (call.function.name, call.function.arguments) for call in calls
    ]
    assert len(alone.choices[0].message.tool_calls) == 1


async def test_no_tool_is_called_after_its_result(any_kind, client, hello):
    """A conversation that ends with a tool's result is answered in words."""
    async with client(any_kind) as it:
        messages = [
            {"role": "user", "content": "weather?"},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        ]
        answer = await it.chat.completions.create(model="m1", messages=messages, tools=[TOOL])
    assert (answer.choices[0].finish_reason, answer.choices[0].message.tool_calls or []) == ("stop", [])


async def test_pictures_are_accepted(any_kind, client):
    """Content in parts is read: the text counts, a picture counts more."""
    async with client(any_kind) as it:
        text = {"type": "text", "text": "what is this?"}
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        plain = await it.chat.completions.create(model="m1", messages=[{"role": "user", "content": [text]}])
        both = await it.chat.completions.create(model="m1", messages=[{"role": "user", "content": [text, picture]}])
    assert both.usage.prompt_tokens > plain.usage.prompt_tokens + 50


async def test_a_json_answer_fits_its_schema(any_kind, client, hello):
    """response_format json_schema makes the content an object with the schema's properties."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    async with client(any_kind) as it:
        answer = await it.chat.completions.create(**hello("m1"), response_format=form)
    assert answer.choices[0].message.content.startswith('{"city":"[alpha/m1] ')


async def test_completions_stream_what_they_say(any_kind, client):
    """/v1/completions gives the same text whole and streamed."""
    async with client(any_kind) as it:
        answer = await it.completions.create(model="m1", prompt="once", max_tokens=5)
        stream = await it.completions.create(model="m1", prompt="once", max_tokens=5, stream=True)
        choices = [chunk.choices[0] async for chunk in stream]
    assert "".join(choice.text for choice in choices) == answer.choices[0].text
    assert (choices[-1].finish_reason, answer.usage.completion_tokens) == ("length", 5)


async def test_a_list_of_prompts_has_a_choice_each(any_kind, client):
    """Two prompts get two choices, each as if asked alone."""
    async with client(any_kind) as it:
        both = await it.completions.create(model="m1", prompt=["one", "two"])
        alone = await it.completions.create(model="m1", prompt="two")
    assert both.choices[1].text == alone.choices[0].text


async def test_embeddings_are_unit_vectors(any_kind, client):
    """A list of inputs gives vectors of unit length in order, the same as float and as base64."""
    async with client(any_kind) as it:
        floats = await it.embeddings.create(model="m1", input=["a b", "c d"], encoding_format="float")
        packed = await it.embeddings.create(model="m1", input=["a b", "c d"])
    assert [math.fsum(x * x for x in item.embedding) for item in floats.data] == pytest.approx([1, 1])
    assert packed.data[1].embedding == pytest.approx(floats.data[1].embedding, abs=1e-6)
    assert [item.index for item in floats.data] == [0, 1]


async def test_dimensions_shorten_embeddings(any_kind, client):
    """The field dimensions sets the vectors' length."""
    async with client(any_kind) as it:
        answer = await it.embeddings.create(model="m1", input="a b", dimensions=16)
    assert len(answer.data[0].embedding) == 16


async def test_models_are_listed(any_kind, client):
    """/v1/models lists the models the provider was given."""
    async with client(any_kind) as it:
        models = [model.id.removesuffix(":latest") async for model in it.models.list()]
    assert models == ["m1"]


async def test_an_error_in_a_stream_reaches_the_client(any_kind, client, hello):
    """An error frame after two tokens lets those through, then the openai package raises APIError."""
    any_kind.faults.set("error_frame=2")
    heard = []

    async def listen(stream):
        async for chunk in stream:
            heard.extend(choice.delta.content for choice in chunk.choices if choice.delta.content)

    async with client(any_kind) as it:
        stream = await it.chat.completions.create(**hello("m1"), stream=True)
        with pytest.raises(openai.APIError):
            await listen(stream)
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
async def test_a_status_fault_is_an_error_object(any_kind, client, hello, status, error):
    """status=N reaches the openai package as the error class of that status, with a message inside."""
    any_kind.faults.set(f"status={status}:retry_after=7")
    async with client(any_kind) as it:
        with pytest.raises(error) as caught:
            await it.chat.completions.create(**hello("m1"))
    assert caught.value.response.headers["retry-after"] == "7"
    assert f"simulated fault: status {status}" in str(caught.value)


async def test_a_senseless_n_is_bounded(any_kind, ask, hello):
    """Asked for a billion choices a provider refuses or gives a bounded number, and goes on working."""
    answer = await ask(any_kind, "POST", "/v1/chat/completions", hello("m1", n=10**9, max_tokens=1))
    assert answer.status == 400 or len(answer.json()["choices"]) == 128


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_unknown_path_is_not_found(any_kind, ask, method):
    """A path that no such server has is a 404."""
    assert (await ask(any_kind, method, "/v2/nothing")).status == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"model": NaN}', b'{"a":' * 100_000, b'{"model": 3}']
)
async def test_rubbish_is_a_bad_request(any_kind, ask, body):
    """A body that is no JSON object, or names no model in one, is a 400 and leaves the provider working."""
    answer = await ask(any_kind, "POST", "/v1/chat/completions", body)
    assert (answer.status, "error" in answer.json()) == (400, True)
