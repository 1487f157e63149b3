"""OpenAI's Responses API through a whole gateway to a simulated server that has it: what one says the other hears."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import provider, settings
from pointsman.model.deployment import Deployment
from pointsman.testing import MockProvider
from support.serving import gateway

SPEAKS = {"supported_endpoints": ["/v1/responses"]}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in ("rain", "sun")]
LONG = "Be brief, and say nothing that you have said before. " * 100


class House:
    """The gateway, a client of it, a client of the server itself, and the server."""

    def __init__(self, it, ai, direct, mock):
        self.gateway, self.ai, self.direct, self.mock = it, ai, direct, mock

    def outcome(self):
        """Whether the newest request went well, and what came of it, as it was written down."""
        records = self.gateway.runtime.records
        [record] = records.latest(1)
        return record["ok"], records.find(record["request_id"])["outcome"]


@asynccontextmanager
async def house(*faults, retries=0, **options):
    async with MockProvider("openai", name="one", models=["gpt-4o"], faults=list(faults), **options) as mock:
        at = provider("p", kind="openai", base_url=mock.base_url)
        one = Deployment("one", "m", at, "gpt-4o", info=SPEAKS)
        async with gateway(settings(one, router=RouterSettings(num_retries=retries))) as it:
            async with client(it.url) as ai, client(mock.base_url) as direct:
                yield House(it, ai, direct, mock)


def client(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-any", max_retries=0, timeout=20)


def same(response):
    """What of a response does not change from one request to the next."""
    told = response.model_dump(exclude={"id", "created_at", "output"})
    return told, [item.model_dump(exclude={"id", "call_id"}) for item in response.output]


async def test_a_response_is_the_servers_own():
    """Whatever is asked that only this protocol has words for."""
    asked = {"input": "hi", "instructions": "x", "tools": [{"type": "web_search"}], "reasoning": {"effort": "low"}}
    async with house() as it:
        told = await it.ai.responses.create(model="m", **asked)
        direct = await it.direct.responses.create(model="gpt-4o", **asked)
        _, outcome = it.outcome()
    assert same(told) == same(direct)
    assert outcome["usage"]["total_tokens"] == told.usage.total_tokens > 0


async def test_a_stream_is_the_servers_own():
    """Event by event, and its figures are written down."""
    async with house() as it:
        seen = [event async for event in await it.ai.responses.create(model="m", input="hi", stream=True)]
        _, outcome = it.outcome()
        direct = [event async for event in await it.direct.responses.create(model="gpt-4o", input="hi", stream=True)]
    assert [event.type for event in seen] == [event.type for event in direct]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert same(seen[-1].response) == same(direct[-1].response)
    assert outcome["usage"]["completion_tokens"] == seen[-1].response.usage.output_tokens


async def test_a_conversation_goes_on_where_it_was():
    """By the id of its last response; calls are answered by it."""
    async with house() as it:
        async with it.ai.responses.stream(model="m", input="rain and sun", tools=TOOLS) as stream:
            first = await stream.get_final_response()
        results = [{"type": "function_call_output", "call_id": call.call_id, "output": "no"} for call in first.output]
        answer = await it.ai.responses.create(model="m", input=results, previous_response_id=first.id)
        with pytest.raises(openai.BadRequestError, match="resp_gone"):
            await it.ai.responses.create(model="m", input="x", previous_response_id="resp_gone")
    assert [call.name for call in first.output] == ["rain", "sun"]
    assert answer.output_text.startswith("[one/")


async def test_cached_tokens_are_written_down():
    """Those of the second time."""
    async with house() as it:
        figures = []
        for _ in range(2):
            await it.ai.responses.create(model="m", input=LONG)
            figures.append(it.outcome()[1]["usage"])
    assert [usage["cached_tokens"] > 0 for usage in figures] == [False, True]


async def test_what_is_cut_short_is_incomplete():
    """And a success."""
    async with house() as it:
        seen = await it.ai.responses.create(model="m", input="hi", max_output_tokens=16, stream=True)
        last = [event async for event in seen][-1]
        ok, _ = it.outcome()
    assert (last.type, last.response.incomplete_details.reason) == ("response.incomplete", "max_output_tokens")
    assert ok


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("status=401", openai.InternalServerError, "upstream_refused_credentials"),
        ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
        ("status=500", openai.InternalServerError, "upstream_error"),
        ("says=context_length", openai.BadRequestError, "context_length_exceeded"),
        ("error_frame=0", openai.InternalServerError, None),
        ("empty", openai.InternalServerError, None),
        ("garbage=broken", openai.InternalServerError, None),
        ("garbage=truncated", openai.InternalServerError, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_errors_are_those_of_any_request(fault, error, code, stream):
    """Before the first word all are a status."""
    async with house(fault) as it:
        with pytest.raises(error) as caught:
            await it.ai.responses.create(model="m", input="x", stream=stream)
    assert code in (None, caught.value.code)


@pytest.mark.parametrize("fault", ["status=500:times=1", "cut=0:times=1", "reset:times=1", "error_frame=0:times=1"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_what_failed_before_a_word_is_asked_again(fault, stream):
    """And the caller sees one response."""
    async with house(fault, retries=1) as it:
        told = await it.ai.responses.create(model="m", input="x", stream=stream)
        types = [event.type async for event in told] if stream else []
        asked = it.mock.ledger.total
    assert asked == 2
    assert types.count("response.created") == (1 if stream else 0)
    assert types[-1:] == (["response.completed"] if stream else [])


@pytest.mark.parametrize("fault", ["cut=3", "cut=3:variant=torn", "reset=3", "error_frame=3", "no_done"])
async def test_a_stream_that_breaks_off_says_so(fault):
    """In the words of the protocol, and the record says it too."""
    async with house(fault) as it:
        seen = [event async for event in await it.ai.responses.create(model="m", input="x", stream=True)]
        ok, _ = it.outcome()
    assert [event.type for event in seen[-2:]] == ["error", "response.failed"]
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert (seen[-1].response.id, seen[-1].response.model) == (seen[0].response.id, "gpt-4o")
    assert not ok


async def test_what_can_not_be_read_is_left_out():
    """And the stream is whole all the same."""
    async with house("malformed_frame=3") as it:
        async with it.ai.responses.stream(model="m", input="x") as stream:
            told = await stream.get_final_response()
    assert told.status == "completed"


@pytest.mark.parametrize("fault", ["plain", "slow_headers=20", "stall=2:pause=20"])
async def test_a_stream_all_the_same(fault):
    """Whole at its end."""
    async with house(fault) as it:
        async with it.ai.responses.stream(model="m", input="x") as stream:
            told = await stream.get_final_response()
    assert told.output_text.startswith("[one/")


@pytest.mark.parametrize("fault", ["hang", "hang=head", "hang_after=0", "hang_after=3"])
async def test_a_caller_that_leaves_is_told_upstream(fault):
    """The connection is closed at once, and the place is free again."""
    async with house(fault) as it:
        asking = asyncio.create_task(_drain(it.ai))
        await it.mock.ledger.wait_for(lambda entry: entry.fault != "")
        if fault == "hang_after=3":
            await it.mock.ledger.wait_for(lambda entry: entry.tokens_sent == 3)
        asking.cancel()
        await asyncio.wait([asking])
        entry = await it.mock.ledger.wait_for(lambda entry: entry.client_closed)
        leases = sum(record.in_flight for record in it.gateway.runtime.board.records().values())
    assert (entry.path, leases) == ("/v1/responses", 0)


async def _drain(ai):
    async with await ai.responses.create(model="m", input="x", stream=True) as stream:
        async for _ in stream:
            pass
