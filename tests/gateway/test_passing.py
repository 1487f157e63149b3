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


def form_of(**texts):
    """A form of texts, and then of a file."""
    said = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in texts.items()
    )
    return said.encode() + FILE


FILE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="f"\r\n\r\n\x00\xff\r\n--x--\r\n'


@pytest.mark.parametrize("n", ["01", "1.", "\u0663", "one", "", "0", "1e400", "9" * 5000])
async def test_a_number_in_a_form_is_one_as_in_json(n):
    async with house(answer({"data": []})) as (upstream, _, it):
        [reply] = await send(it.port, post("/v1/images/edits", form_of(model="m", prompt="p", n=n), MULTIPART))
    assert (reply.status, reply.error["param"], upstream.bodies) == (400, "n", [])


async def test_a_boundary_that_is_too_long_is_refused():
    kind = "content-type: multipart/form-data; boundary=" + "x" * 300
    async with house(answer({"data": []})) as (_, _, it):
        [reply] = await send(it.port, post("/v1/images/edits", form_of(model="m").replace(b"x", b"x" * 300), kind))
    assert (reply.status, reply.error["code"]) == (400, "invalid_body")


SECOND = b"--x\r\nContent-Disposition: form-data; %b\r\n\r\nother\r\n"


@pytest.mark.parametrize(
    "name",
    [
        b'name="model"; filename="f"',
        b'name="model"; filename=""',
        b"name*=utf-8''model",
        b"name*0=mo; name*1=del",
        b'name="x"; name="model"',
        b'name="x"\r\nContent-Disposition: form-data; name="model"',
        b"NAME=model",
    ],
)
async def test_no_form_names_a_second_model(name):
    """Not in any spelling that somebody else might read as one."""
    async with house(answer({"data": []})) as (upstream, _, it):
        [reply] = await send(it.port, post("/v1/images/edits", SECOND % name + form_of(model="m"), MULTIPART))
    assert (reply.status, upstream.bodies) == (400, [])


async def test_a_form_says_what_a_body_says_of_its_way():
    """And the upstream sees nothing of it."""
    wishes = {
        "num_retries": "1",
        "timeout": "3",
        "disable_fallbacks": "True",
        "drop_params": "false",
        "fallbacks": "m",
        "tags": "fast, cheap",
        "metadata": '{"tags": ["new"], "user": "me"}',
        "task": "drawing",
    }
    asked = {"model": "m", "prompt": "a\r\n--y", "n": "1"}
    async with house(answer({"data": []}), answer({"data": []})) as (upstream, ai, it):
        [reply] = await send(it.port, post("/v1/images/edits", form_of(**wishes, **asked, stream="false"), MULTIPART))
        await ai.images.edit(
            model="m", prompt="p", image=b"\x00", extra_body={"tags": ["a", "b"], "fallbacks": ["m"], "timeout": 3}
        )
        later, first = (it.runtime.records.find(one["request_id"]) for one in it.runtime.records.latest(2))
    kept = {"metadata": '{"user":"me"}', "task": "drawing", **asked, "model": "real", "stream": "false"}
    assert (reply.status, upstream.bodies[0]) == (200, form_of(**kept))
    assert (first["hints"]["tags"], first["hints"]["task"]) == (("new", "fast", "cheap"), "drawing")
    assert later["hints"]["tags"] == ("a", "b")
    assert [word in upstream.bodies[1] for word in (b"tags", b"fallbacks", b"timeout", b"prompt")] == [False] * 3 + [
        True
    ]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("num_retries", "many"),
        ("num_retries", "11"),
        ("timeout", "NaN"),
        ("disable_fallbacks", "maybe"),
        ("fallbacks", "[7]"),
        ("tags", "x" * 300),
        ("metadata", '{"tags": [7]}'),
        ("tags", "x," * 40000),
    ],
)
async def test_a_wish_in_a_form_that_makes_no_sense_is_refused(field, said):
    async with house(answer({"data": []})) as (upstream, _, it):
        [reply] = await send(it.port, post("/v1/images/edits", form_of(model="m", **{field: said}), MULTIPART))
    assert (reply.status, reply.error["param"].partition(".")[0], upstream.bodies) == (400, field, [])


async def test_fallbacks_of_a_form_are_asked():
    async with scripted(answer({}, status="500 Oh"), answer({"data": []})) as upstream:
        at = provider("p", kind="openai_compatible", base_url=upstream.url)
        deployments = [Deployment("one", "m", at, "real"), Deployment("two", "m2", at, "other")]
        async with gateway(settings(*deployments)) as it:
            form = form_of(model="m", num_retries="0", fallbacks="m, m2", prompt="p")
            [reply] = await send(it.port, post("/v1/images/edits", form, MULTIPART))
    assert (reply.status, len(upstream.bodies)) == (200, 2)
    assert b'name="model"\r\n\r\nother\r\n' in upstream.bodies[1]


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
