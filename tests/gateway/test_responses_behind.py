"""Responses to a server that has them: what it says passes through, and so does what it is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager

import msgspec
import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import provider, settings
from pointsman.model.deployment import Deployment
from support.scripted import scripted
from support.serving import gateway, post, send

EVENTS = "text/event-stream"
USAGE = {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 4, "total_tokens": 7}
TEXT = {"type": "output_text", "text": "All aboard", "annotations": [], "a_field_of_tomorrow": 1}
MESSAGE = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [TEXT]}
RESPONSE = {
    "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "real", "output": [MESSAGE],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": USAGE,
}  # fmt: skip
ADDED = {"type": "response.output_item.added", "output_index": 0, "item": {**MESSAGE, "content": []}}
DELTA = {
    "type": "response.output_text.delta",
    "item_id": "msg_1",
    "output_index": 0,
    "content_index": 0,
    "delta": "All",
}
LAST = {"type": "response.completed", "response": RESPONSE}
FAILED = {
    "type": "response.failed",
    "response": {**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "derailed"}},
}


def frames(*events):
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (event["type"].encode(), msgspec.json.encode({**event, "sequence_number": number}))
        for number, event in enumerate(events)
    )


def answer(body, kind="application/json", status="200 OK"):
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def house(*answers, **more):
    async with scripted(*answers) as upstream:
        at = Deployment("one", "m", provider("p", kind="openai", base_url=upstream.url), "real", **more)
        async with gateway(settings(at, router=RouterSettings(num_retries=0))) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield upstream, ai, it


SPEAKS = {"info": {"supported_endpoints": ["/v1/chat/completions", "/v1/responses"]}}


async def test_requests_and_answers_pass_to_the_byte():
    body = b'{ "model" : "m",\n "input":[{"role":"user","content":"hi"}], "tools": [{"type":"web"}], "x": "\\u00e4" }'
    whole = msgspec.json.format(msgspec.json.encode(RESPONSE))
    async with house(answer(whole), **SPEAKS) as (upstream, _, it):
        [reply] = await send(it.port, post("/v1/responses", body))
        [record] = it.runtime.records.latest(1)
        outcome = it.runtime.records.find(record["request_id"])["outcome"]
    assert upstream.bodies == [body.replace(b'"m"', b'"real"')]
    assert reply.body == whole
    assert outcome["usage"]["total_tokens"] == 7


async def test_events_pass_to_the_byte():
    told = frames({"type": "response.created", "response": RESPONSE}, ADDED, DELTA, LAST)
    async with house(answer(told, EVENTS), **SPEAKS) as (upstream, ai, it):
        [reply] = await send(it.port, post("/v1/responses", b'{"model":"m","input":"hi","stream":true}'))
        stream = await ai.responses.create(model="m", input="hi", stream=True, previous_response_id="resp_0")
        seen = [event.type async for event in stream]
    assert reply.body == told
    assert seen[-1] == "response.completed"
    assert msgspec.json.decode(upstream.bodies[1])["previous_response_id"] == "resp_0"


async def test_what_a_deployment_adds_has_its_name_here():
    more = {**SPEAKS, "params": {"max_tokens": 9, "temperature": 0.5, "frequency_penalty": 1}}
    async with house(answer(msgspec.json.encode(RESPONSE)), **more) as (upstream, ai, _):
        await ai.responses.create(model="m", input="hi", temperature=1)
    assert msgspec.json.decode(upstream.bodies[0]) == {
        "max_output_tokens": 9, "model": "real", "input": "hi", "temperature": 1,
    }  # fmt: skip


async def test_an_answer_where_a_stream_was_wanted_is_its_last_event():
    async with house(answer(msgspec.json.encode(RESPONSE)), **SPEAKS) as (_, ai, _it):
        async with ai.responses.stream(model="m", input="hi") as stream:
            found = None
            async for event in stream:
                found = event
    assert found.type == "response.completed"
    assert found.response.output_text == "All aboard"


async def test_a_failure_within_a_stream_is_one():
    """Before the first word somebody else could be asked; behind it the caller is told."""
    failed, cut = answer(frames(ADDED, FAILED), EVENTS), answer(frames(ADDED, DELTA), EVENTS)
    async with house(failed, cut, **SPEAKS) as (_, ai, it):
        with pytest.raises(openai.InternalServerError, match="an error inside the stream"):
            await ai.responses.create(model="m", input="hi", stream=True)
        stream = await ai.responses.create(model="m", input="hi", stream=True)
        seen = [event.type async for event in stream]
        records = it.runtime.records.latest(2)
    assert seen == [ADDED["type"], DELTA["type"], "error", "response.failed"]
    assert [record["ok"] for record in records] == [False, False]


async def test_a_server_of_which_nobody_knows_is_asked_in_chats_words():
    """An OpenAI-compatible server need not have responses."""
    chat = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
    async with house(answer(chat)) as (upstream, ai, _):
        found = await ai.responses.create(model="m", input="hi")
    assert found.output_text == "hi"
    assert b'"messages"' in upstream.bodies[0]
