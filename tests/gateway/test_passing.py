"""Endpoints that are passed through: the ``openai`` package, unchanged, and an upstream that answers with bytes."""

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

SOUND = bytes(range(256)) * 40
EVENTS = [
    {"type": "image_generation.partial_image", "partial_image_index": 0, "b64_json": "AAAA"},
    {"type": "image_generation.completed", "b64_json": "BBBB", "usage": {"input_tokens": 3, "output_tokens": 7}},
]


def answer(body, kind="application/json", status="200 OK"):
    body = body if isinstance(body, bytes) else msgspec.json.encode(body)
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def house(*answers, kind="openai_compatible", params=None):
    """An upstream that says those one after the other, and a client of the gateway before it."""
    async with scripted(*answers) as upstream:
        at = Deployment("one", "m", provider("p", kind=kind, base_url=upstream.url), "real", params or {})
        async with gateway(settings(at, router=RouterSettings(num_retries=0))) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield upstream, ai, it


async def test_speech_comes_back_as_sound():
    """With the provider's own content type."""
    async with house(answer(SOUND, "audio/mpeg")) as (upstream, ai, it):
        spoken = await ai.audio.speech.create(model="m", voice="alloy", input="All aboard")
        found = it.runtime.stats()
    assert (spoken.content, spoken.response.headers["content-type"]) == (SOUND, "audio/mpeg")
    assert msgspec.json.decode(upstream.bodies[0]) == {"input": "All aboard", "model": "real", "voice": "alloy"}
    assert found["total_requests"] == 1


async def test_a_form_goes_on_as_it_came_but_for_the_model():
    """The file's bytes, its name and its type, and every other field."""
    sound = SOUND.replace(b"abc", b"\r\n--not the boundary")
    figures = {"type": "tokens", "input_tokens": 9, "output_tokens": 3}
    async with house(answer({"text": "all aboard", "usage": figures})) as (upstream, ai, it):
        heard = await ai.audio.transcriptions.create(
            model="m", file=("a b.wav", sound, "audio/wav"), language="en", timestamp_granularities=["word", "segment"]
        )
        [record] = it.runtime.records.latest(1)
    said = upstream.bodies[0]
    assert heard.text == "all aboard"
    assert b'name="model"\r\n\r\nreal\r\n' in said
    assert said.count(sound) == 1
    assert said.count(b'name="timestamp_granularities[]"') == 2
    assert b'filename="a b.wav"' in said
    assert (record["model"], record["endpoint"]) == ("m", "transcriptions")


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\nm\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n\x00\xff\r\n--x--\r\n'
)
MULTIPART = "content-type: multipart/form-data; boundary=x"


async def test_a_form_without_a_model_gets_one():
    async with house(answer({"text": ""})) as (upstream, _, it):
        form = FORM % b"language"
        replies = await send(it.port, post("/v1/audio/transcriptions", form, MULTIPART, "x-pointsman-tags: nobody"))
        replies += await send(it.port, post("/v1/audio/translations", FORM % b"model", MULTIPART))
    assert [reply.status for reply in replies] == [400, 200]
    assert upstream.bodies[-1] == (FORM % b"model").replace(b"\r\nm\r\n", b"\r\nreal\r\n")


@pytest.mark.parametrize(
    ("form", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"--x", "multipart/form-data", 415),
        (b"", MULTIPART[14:], 400),
        (b"--y\r\n\r\n", MULTIPART[14:], 400),
        ((FORM % b"model")[:-20], MULTIPART[14:], 400),
        ((FORM % b"model")[:-6], MULTIPART[14:], 400),
        (
            (FORM % b"model").partition(b'--x\r\nContent-Disposition: form-data; name="file"')[0] + FORM % b"model",
            MULTIPART[14:],
            400,
        ),
        (b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n\xff\r\n--x--\r\n', MULTIPART[14:], 400),
    ],
)
async def test_what_is_no_form_is_refused(form, kind, status):
    async with house(answer({"text": ""})) as (upstream, _, it):
        [reply] = await send(it.port, post("/v1/audio/transcriptions", form, f"content-type: {kind}"))
    assert (reply.status, upstream.bodies) == (status, [])
    assert reply.error["message"]


async def test_moderations_reranking_and_images_are_passed_through():
    """Bodies to the byte but for the model; what a deployment adds is added."""
    body = b'{ "query":"q", "documents" : ["a", {"text": "\\u00e4"}],\n "model" :"m", "top_n": 1}'
    async with house(answer({"results": [{"index": 0, "relevance_score": 0.5}]}), answer({"results": []})) as (
        up,
        ai,
        it,
    ):
        [ranked] = await send(it.port, post("/v1/rerank", body))
        await ai.moderations.create(model="m", input=["x"])
    assert up.bodies[0] == body.replace(b'"m"', b'"real"')
    assert ranked.json()["results"][0]["relevance_score"] == 0.5
    async with house(answer({"created": 1, "data": [{"b64_json": "AA"}]}), params={"quality": "low"}) as (up, ai, _):
        drawn = await ai.images.generate(model="m", prompt="a train")
    assert drawn.data[0].b64_json == "AA"
    assert msgspec.json.decode(up.bodies[0]) == {"quality": "low", "prompt": "a train", "model": "real"}


async def test_a_stream_of_images_is_passed_on():
    """Event by event, whole at the one that says so."""
    frames = b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), msgspec.json.encode(e)) for e in EVENTS)
    first = frames.index(b"event: image_generation.completed")
    torn = answer(frames[: first + 90], "text/event-stream")
    async with house(answer(frames, "text/event-stream"), torn) as (_, ai, it):
        stream = await ai.images.generate(model="m", prompt="x", stream=True)
        seen = [event.type async for event in stream]
        [raw] = await send(it.port, post("/v1/images/generations", b'{"model":"m","prompt":"x","stream":true}'))
        [cut, whole] = it.runtime.records.latest(2)
    assert seen == [event["type"] for event in EVENTS]
    assert raw.body.startswith(frames[:first] + b"data: ")
    assert b'"error"' in raw.body[first:]
    assert (whole["ok"], cut["ok"], cut["failure"]) == (True, False, "cut")


async def test_errors_are_openais_and_others_are_turned_to():
    async with house(answer({"error": {"message": "no such voice"}}, status="400 Bad Request")) as (_, ai, _it):
        with pytest.raises(openai.BadRequestError, match="no such voice"):
            await ai.audio.speech.create(model="m", voice="x", input="y")


@pytest.mark.parametrize("kind", ["ollama", "anthropic"])
async def test_who_does_not_speak_openais_protocol_is_not_asked(kind):
    async with house(answer({}), kind=kind) as (upstream, ai, _):
        with pytest.raises(openai.BadRequestError, match="openai protocol"):
            await ai.moderations.create(model="m", input="x")
    assert upstream.bodies == []


@pytest.mark.parametrize(
    ("kind", "info", "asked"),
    [
        ("mistral", {}, False),
        ("mistral", {"supported_endpoints": ["/v1/rerank"]}, True),
        ("vllm", {}, True),
        ("vllm", {"supported_endpoints": ["/v1/chat/completions"]}, False),
        ("nebius", {}, True),
    ],
)
async def test_a_service_is_not_asked_for_what_it_does_not_have(kind, info, asked):
    """By its reference, or by the configuration; a server of one's own is, for it depends on its version."""
    async with scripted(answer({"results": []})) as upstream:
        at = Deployment("one", "m", provider("p", kind=kind, base_url=upstream.url), "real", info=info)
        async with gateway(settings(at, router=RouterSettings(num_retries=0))) as it:
            [reply] = await send(it.port, post("/v1/rerank", b'{"model":"m","query":"a","documents":["b"]}'))
            resting = it.runtime.board.fitness(at)
    assert (reply.status, len(upstream.bodies)) == ((200, 1) if asked else (400, 0))
    assert asked or "its provider has no /rerank" in reply.json()["error"]["message"]
    assert resting is None
