"""One contract for every kind of provider: whoever is behind, callers in front see OpenAI's API.

Each test goes through a whole gateway, asked by the official ``openai`` package, to the simulated server of the kind,
whose shapes are written from the services' public references. To let a kind join: a simulated server in
``pointsman.mock`` (or a row of ``mock/compatible.py``), the words of its errors in ``mock/dialects.py``, and a Row in
``tests/support/kinds.py`` that says what it has no words for. Nothing here asks which kind it is.
"""

from __future__ import annotations

import asyncio
import base64
import json

import openai
import pytest

from pointsman.providers.profiles import PROFILES
from support.asking import ask
from support.kinds import KEY, ROWS, house, rest

MESSAGES = [{"role": "user", "content": "How is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
PICTURE = base64.b64encode(b"\x89PNG...").decode()
DATA = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
ADDRESS = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
LONG = "Be brief, and say nothing that you have said before. " * 200
COUNTED = {"stream": True, "stream_options": {"include_usage": True}}

every = pytest.mark.parametrize("row", ROWS, ids=str)


def those(**wanted):
    """Rows that have something, or all of several things."""
    rows = [row for row in ROWS if all(bool(getattr(row, name)) == value for name, value in wanted.items())]
    return pytest.mark.parametrize("row", rows, ids=str)


@every
async def test_a_whole_answer(row):
    """With usage that adds up; the server got its own name for the model, and the key where it looks for it."""
    async with house(row) as it:
        answer = await it.ai.chat.completions.create(model="m", messages=MESSAGES, max_tokens=6)
        entry = it.mock.ledger.last
    [choice] = answer.choices
    assert (choice.message.role, choice.finish_reason) == ("assistant", "length")
    assert choice.message.content.startswith("[one/")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens == 6
    assert (entry.model, entry.key_matched, entry.status) == (row.model, True, 200)
    assert KEY not in answer.model_dump_json()


@pytest.mark.parametrize("row", rest(), ids=str)
async def test_kinds_that_are_not_simulated_are_asked_as_their_profile_says(row):
    """Wherever that is, with the key where it is looked for, streamed or not."""
    limit = {"max_completion_tokens": 6}
    async with house(row) as it:
        whole = await it.ai.chat.completions.create(model="m", messages=MESSAGES, **limit)
        path, asked = it.mock.ledger.last.path, it.mock.ledger.last.body
        stream = [
            c async for c in await it.ai.chat.completions.create(model="m", messages=MESSAGES, stream=True, **limit)
        ]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert said == whole.choices[0].message.content != ""
    profile = PROFILES[row.kind]
    assert path == f"{profile.prefix}/chat/completions"
    assert asked[profile.renamed.get("max_completion_tokens", "max_completion_tokens")] == 6


@every
async def test_a_stream_says_the_same(row):
    """Its chunks joined are the whole answer, with one end."""
    asked = {"model": "m", "messages": MESSAGES, "max_tokens": 6}
    async with house(row) as it:
        whole = await it.ai.chat.completions.create(**asked)
        chunks = [chunk async for chunk in await it.ai.chat.completions.create(**asked, **COUNTED)]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == whole.choices[0].message.content
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["length"]


@those(figures=True)
async def test_a_stream_s_figures_are_the_same(row):
    """Those of the whole answer, if they are asked for."""
    asked = {"model": "m", "messages": MESSAGES, "max_tokens": 6}
    async with house(row) as it:
        whole = await it.ai.chat.completions.create(**asked)
        chunks = [chunk async for chunk in await it.ai.chat.completions.create(**asked, **COUNTED)]
    usage = [chunk.usage for chunk in chunks if chunk.usage is not None][-1]
    assert usage.model_dump(include=FIGURES) == whole.usage.model_dump(include=FIGURES)


FIGURES = {"prompt_tokens", "completion_tokens", "total_tokens"}


@every
async def test_a_text_is_gone_on_with(row):
    """The older question, where a kind has words for it: whole and streamed the same."""
    asked = {"model": "m", "prompt": "Once upon", "max_tokens": 5}
    async with house(row) as it:
        whole = await it.ai.completions.create(**asked)
        stream = [chunk async for chunk in await it.ai.completions.create(**asked, stream=True)]
    assert "".join(chunk.choices[0].text for chunk in stream if chunk.choices) == whole.choices[0].text != ""


@those(tools=True)
async def test_a_conversation_with_tools(row):
    """The call of one answer and its result are the next request's, and the answer is in words."""
    asked = {"model": "m", "tools": [TOOL]}
    async with house(row) as it:
        called = (await it.ai.chat.completions.create(**asked, messages=MESSAGES)).choices[0]
        [call] = called.message.tool_calls
        told = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
        messages = [*MESSAGES, called.message.model_dump(exclude_none=True), told]
        answer = (await it.ai.chat.completions.create(**asked, messages=messages)).choices[0]
    assert (called.finish_reason, answer.finish_reason) == ("tool_calls", "stop")
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "one-0", "days": 1})
    assert answer.message.content.startswith("[one/")


@those(tools=True)
async def test_a_streamed_call_is_the_same(row):
    """The package's own accumulator puts its pieces together."""
    asked = {"model": "m", "messages": MESSAGES, "tools": [TOOL]}
    async with house(row) as it:
        whole = (await it.ai.chat.completions.create(**asked)).choices[0]
        async with it.ai.chat.completions.stream(**asked) as stream:
            told = (await stream.get_final_completion()).choices[0]
    [one], [other] = whole.message.tool_calls, told.message.tool_calls
    assert (told.finish_reason, whole.finish_reason) == ("tool_calls", "tool_calls")
    assert one.function.name == other.function.name
    assert json.loads(one.function.arguments) == json.loads(other.function.arguments)


@those(tools=True)
async def test_two_calls_at_once(row):
    """Where the last message names two functions; streamed each has its place."""
    other = {"type": "function", "function": {"name": "get_news", "parameters": SCHEMA}}
    messages = [{"role": "user", "content": "Use get_weather and get_news."}]
    asked = {"model": "m", "messages": messages, "tools": [TOOL, other]}
    async with house(row) as it:
        whole = (await it.ai.chat.completions.create(**asked)).choices[0].message.tool_calls
        async with it.ai.chat.completions.stream(**asked) as stream:
            told = (await stream.get_final_completion()).choices[0].message.tool_calls
    assert (
        [call.function.name for call in whole] == [call.function.name for call in told] == ["get_weather", "get_news"]
    )
    assert len({call.id for call in whole}) == len({call.id for call in told}) == 2


@those(tools=False)
async def test_tools_that_it_has_no_words_for_are_refused_by_name(row):
    """And nobody is asked."""
    async with house(row) as it:
        with pytest.raises(openai.BadRequestError, match="no words for tools;") as caught:
            await it.ai.chat.completions.create(model="m", messages=MESSAGES, tools=[TOOL])
        assert caught.value.param == "tools"
        assert it.mock.ledger.total == 0


async def pictured(row, picture: dict) -> int:
    """Tokens that a picture adds to a prompt."""
    text = {"type": "text", "text": "What is it?"}
    async with house(row) as it:
        asked = [[{"role": "user", "content": parts}] for parts in ([text], [text, picture])]
        plain, both = [await it.ai.chat.completions.create(model="m", messages=each) for each in asked]
    return both.usage.prompt_tokens - plain.usage.prompt_tokens


@those(pictures=True)
async def test_a_picture_in_the_request_is_seen(row):
    """Base64 in a data address."""
    assert await pictured(row, DATA) > 0


@those(addresses=True)
async def test_a_picture_elsewhere_is_seen(row):
    """By its address."""
    assert await pictured(row, ADDRESS) > 0


@those(schemas=True)
async def test_an_answer_of_a_schema(row):
    """Which is the package's own way to ask for one."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    async with house(row) as it:
        answer = await it.ai.chat.completions.create(model="m", messages=MESSAGES, response_format=form)
    assert set(json.loads(answer.choices[0].message.content)) == {"city", "days"}


@every
async def test_it_ends_where_it_is_told_to(row):
    """At a stop word, which is not said."""
    async with house(row) as it:
        whole = await it.ai.chat.completions.create(model="m", messages=MESSAGES)
        word = whole.choices[0].message.content.split(" ")[3]
        cut = await it.ai.chat.completions.create(model="m", messages=MESSAGES, stop=[word])
    assert cut.choices[0].message.content == whole.choices[0].message.content.partition(word)[0]
    assert cut.choices[0].finish_reason == "stop"


@those(thoughts=True)
async def test_thoughts_come_beside_the_answer(row):
    """In the field that the kind has for them, whole and streamed alike, and none inside the content."""
    asked = {"model": "m", "messages": MESSAGES, "reasoning_effort": "high"}
    async with house(row) as it:
        whole = (await it.ai.chat.completions.create(**asked)).choices[0].message
        stream = [chunk async for chunk in await it.ai.chat.completions.create(**asked, stream=True)]
    deltas = [chunk.choices[0].delta for chunk in stream if chunk.choices]
    thought = "".join(getattr(delta, row.thoughts, None) or "" for delta in deltas)
    assert thought == getattr(whole, row.thoughts) != ""
    assert "".join(delta.content or "" for delta in deltas) == whole.content != ""


@those(cached=True)
async def test_cached_tokens_are_told(row):
    """They are part of the prompt's, streamed or not; the router counts them, whatever they are called."""
    system = {"role": "system", "content": [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]}
    asked = {"model": "m", "messages": [system, *MESSAGES]}
    async with house(row) as it:
        first = (await it.ai.chat.completions.create(**asked)).usage
        second = (await it.ai.chat.completions.create(**asked)).usage
        streamed = [chunk async for chunk in await it.ai.chat.completions.create(**asked, **COUNTED)]
    usage = [chunk.usage for chunk in streamed if chunk.usage is not None][-1]
    assert cached(first) == 0 < cached(second) == cached(usage)
    assert first.prompt_tokens == second.prompt_tokens >= cached(second)


def cached(usage) -> int:
    details = usage.prompt_tokens_details
    return details.cached_tokens if details is not None else usage.prompt_cache_hit_tokens


@those(embeddings=True)
async def test_embeddings(row):
    """Vectors of one length, one for each text."""
    async with house(row) as it:
        made = await it.ai.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert [each.index for each in made.data] == [0, 1]
    assert len(made.data[0].embedding) == len(made.data[1].embedding) > 1
    assert made.data[0].embedding != made.data[1].embedding


FAILURES = [
    ("status=401", openai.InternalServerError, "upstream_refused_credentials"),
    ("status=403", openai.InternalServerError, "upstream_refused_credentials"),
    ("status=404", openai.NotFoundError, "model_not_found"),
    ("status=500", openai.InternalServerError, "upstream_error"),
    ("status=503", openai.InternalServerError, "upstream_overloaded"),
]


@every
@pytest.mark.parametrize(("fault", "error", "code"), FAILURES, ids=[fault for fault, *_ in FAILURES])
async def test_errors_are_the_ones_a_user_expects(row, fault, error, code):
    """By their class and code, no key and no address in them."""
    async with house(row, fault) as it:
        with pytest.raises(error) as caught:
            await it.ai.chat.completions.create(model="m", messages=MESSAGES)
        assert caught.value.code == code
        assert KEY not in caught.value.response.text
        assert it.mock.base_url not in caught.value.response.text


@those(limits=True)
async def test_how_long_to_wait_is_told(row):
    """As the server said it; before a stream has begun too."""
    async with house(row, "status=429:retry_after=7") as it:
        with pytest.raises(openai.RateLimitError) as caught:
            await it.ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert caught.value.code == "upstream_rate_limited"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 7


TROUBLES = {
    "context_length": {"context_length_exceeded"},
    "content_filter": {"content_filter", "content_policy_violation"},
}


@pytest.mark.parametrize(
    ("row", "trouble"),
    [(row, trouble) for row in ROWS for trouble in TROUBLES if trouble in row.troubles],
    ids=str,
)
async def test_what_is_wrong_with_a_request_is_told_by_its_code(row, trouble):
    """Whatever words the server has for it: the prompt is too long, or may not be asked."""
    async with house(row, f"says={trouble}:variant={row.says}") as it:
        with pytest.raises(openai.APIStatusError) as caught:
            await it.ai.chat.completions.create(model="m", messages=MESSAGES)
    assert caught.value.code in TROUBLES[trouble]
    assert 400 <= caught.value.status_code < 500


@every
async def test_an_error_inside_a_stream_is_one(row):
    """Nothing looks like an end."""
    async with house(row, "error_frame=3") as it:
        stream = await it.ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        with pytest.raises(openai.APIError):
            [chunk async for chunk in stream]


@every
async def test_a_stream_that_is_cut_is_no_answer(row):
    """Whole chunks, then an error; where HTTP's end is the only one, HTTP has not ended."""
    async with house(row, "cut=3" if row.marked else "cut=3:variant=torn") as it:
        stream = await it.ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        with pytest.raises(openai.APIError):
            [chunk async for chunk in stream]


@every
async def test_a_caller_that_leaves_is_told_upstream(row):
    """The connection is closed at once, and the place is free again."""
    async with house(row, "hang_after=3") as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.gateway.port)
        writer.write(ask(stream=True))
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        entry = await asyncio.wait_for(it.mock.ledger.wait_for(lambda entry: entry.client_closed), 5)
        leases = sum(record.in_flight for record in it.gateway.runtime.board.records().values())
    assert (entry.client_closed, leases) == (True, 0)
