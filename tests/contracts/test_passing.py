"""Endpoints that are passed through, by a whole gateway to simulated servers that have them: what one says the other
hears.
"""

from __future__ import annotations

import asyncio
import io
import wave
from contextlib import asynccontextmanager

import msgspec
import openai
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import provider, settings
from pointsman.model.deployment import Deployment
from pointsman.testing import MockProvider
from support.serving import gateway, post, send

RERANKERS = {"vllm": "vllm", "llama_cpp_native": "llama-cpp"}
SOUND = ("a.wav", b"RIFF" + bytes(300_000), "audio/wav")
RERANK = {"model": "m", "query": "the night train", "documents": ["a cake", "the night train", "the train"]}


class House:
    """The gateway, clients of it and of the server itself, and the server."""

    def __init__(self, it, ai, direct, mock):
        self.gateway, self.ai, self.direct, self.mock = it, ai, direct, mock

    def outcome(self):
        """Whether the newest request went well, and what came of it, as it was written down."""
        records = self.gateway.runtime.records
        [record] = records.latest(1)
        return record["ok"], records.find(record["request_id"])["outcome"]

    @property
    def leases(self):
        return sum(record.in_flight for record in self.gateway.runtime.board.records().values())


@asynccontextmanager
async def house(*faults, kind="openai", mocked="openai", model="gpt-4o-mini-transcribe", retries=0, **options):
    async with MockProvider(mocked, name="one", models=[model], faults=list(faults), **options) as mock:
        one = Deployment("one", "m", provider("p", kind=kind, base_url=mock.base_url), model)
        async with gateway(settings(one, router=RouterSettings(num_retries=retries))) as it:
            async with client(it.url) as ai, client(mock.base_url) as direct:
                yield House(it, ai, direct, mock)


def client(url):
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-any", max_retries=0, timeout=20)


def transcript(ai, model="m", **more):
    return ai.audio.transcriptions.create(model=model, file=SOUND, **more)


async def test_a_picture_is_the_servers_own():
    """Whole and in events, and what it costs is written down."""
    asked = {"prompt": "a train", "size": "1024x1024"}
    async with house(model="gpt-image-1") as it:
        told, direct = [await ai.images.generate(model=m, **asked) for ai, m in both(it, "gpt-image-1")]
        figures = it.outcome()[1]["usage"]
        stream = await it.ai.images.generate(model="m", **asked, stream=True, partial_images=2)
        types = [event.type async for event in stream]
        ok, outcome = it.outcome()
    assert told.data == direct.data
    assert (figures["total_tokens"], outcome["usage"]["total_tokens"]) == (told.usage.total_tokens,) * 2
    assert types == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert ok


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the package would rather edit
async def test_a_picture_is_edited_and_varied():
    """What is sent in a form arrives as it was."""
    asked = {"image": [("a.png", bytes(range(256)) * 900, "image/png")], "prompt": "a hat"}
    async with house(model="gpt-image-1") as it:
        told, direct = [await ai.images.edit(model=m, **asked) for ai, m in both(it, "gpt-image-1")]
        stream = await it.ai.images.edit(model="m", **asked, stream=True, partial_images=2)
        types = [event.type async for event in stream]
        ok, outcome = it.outcome()
        varied, again = [
            await ai.images.create_variation(model=m, image=asked["image"][0]) for ai, m in both(it, "gpt-image-1")
        ]
    assert (told.data, varied.data) == (direct.data, again.data)
    assert types == ["image_edit.partial_image"] * 2 + ["image_edit.completed"]
    assert (ok, outcome["usage"]["total_tokens"]) == (True, told.usage.total_tokens)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_a_translation_is_the_servers_own():
    """Whole."""
    async with house(model="whisper-1") as it:
        told, direct = [
            await ai.audio.translations.create(model=m, file=SOUND, response_format="verbose_json")
            for ai, m in both(it, "whisper-1")
        ]
    assert told == direct


def both(it, model):
    """Who is asked by which name."""
    return (it.ai, "m"), (it.direct, model)


async def test_moderation_is_the_servers_own():
    """Of several texts."""
    async with house() as it:
        told, direct = [
            await ai.moderations.create(model=m, input=["a train", "attack"])
            for ai, m in both(it, "gpt-4o-mini-transcribe")
        ]
    assert told.results == direct.results
    assert [result.flagged for result in told.results] == [False, True]


@pytest.mark.parametrize("form", ["wav", "mp3", "pcm"])
async def test_speech_is_the_servers_own(form):
    """Byte for byte, by its type."""
    asked = {"voice": "alloy", "input": "All aboard the night train", "response_format": form}
    async with house() as it:
        told, direct = [await ai.audio.speech.create(model=m, **asked) for ai, m in both(it, "gpt-4o-mini-transcribe")]
        ok, _ = it.outcome()
    assert told.content == direct.content
    assert told.response.headers["content-type"] == direct.response.headers["content-type"]
    assert ok
    if form == "wav":
        with wave.open(io.BytesIO(told.content)) as sound:
            assert sound.getnframes() == sound.getframerate() // 2


async def test_speech_in_events_is_passed_on():
    """They say themselves where they end, and what was spoken counts."""
    body = {"model": "m", "voice": "alloy", "input": "All aboard", "stream_format": "sse", "stream": True}
    async with house() as it:
        [reply] = await send(it.gateway.port, post("/v1/audio/speech", msgspec.json.encode(body)))
        ok, outcome = it.outcome()
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.body.count(b"speech.audio.delta") == 4
    assert (ok, outcome["usage"]["completion_tokens"]) == (True, 2)


@pytest.mark.parametrize("form", ["json", "text", "verbose_json"])
async def test_a_transcript_is_the_servers_own(form):
    """The sound arrives whole, whatever form the answer has."""
    async with house() as it:
        told, direct = [await transcript(ai, m, response_format=form) for ai, m in both(it, "gpt-4o-mini-transcribe")]
        ok, _ = it.outcome()
    assert told == direct
    assert ok


async def test_a_transcript_in_events_is_the_servers_own():
    """One after the other; figures stand in the last."""
    async with house() as it:
        whole = await transcript(it.direct, "gpt-4o-mini-transcribe")
        seen = [event async for event in await transcript(it.ai, stream=True)]
        ok, outcome = it.outcome()
    assert "".join(event.delta for event in seen[:-1]) == seen[-1].text == whole.text
    assert ok
    assert outcome["usage"]["completion_tokens"] == len(seen) - 1


@pytest.mark.parametrize("kind", RERANKERS)
@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank"])
async def test_reranking_is_the_servers_own(kind, path):
    """In its shape, with its figures."""
    async with house(kind=kind, mocked=RERANKERS[kind], model="r") as it:
        [told] = await send(it.gateway.port, post(path, msgspec.json.encode(RERANK)))
        ok, outcome = it.outcome()
        entry = it.mock.ledger.last
    assert [result["index"] for result in told.json()["results"]] == [1, 2, 0]
    assert (ok, outcome["usage"]["prompt_tokens"]) == (True, told.json()["usage"]["prompt_tokens"])
    assert (entry.model, entry.path) == ("r", "/v1/rerank")


FAILURES = [
    ("status=401", openai.InternalServerError, "upstream_refused_credentials"),
    ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
    ("status=503", openai.InternalServerError, "upstream_overloaded"),
    ("error_frame=0", openai.InternalServerError, None),
    ("reset", openai.InternalServerError, "upstream_connection_lost"),
    ("cut=0:variant=torn", openai.InternalServerError, None),
]


@pytest.mark.parametrize(("fault", "error", "code"), FAILURES, ids=[fault for fault, *_ in FAILURES])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_errors_are_those_of_any_request(fault, error, code, stream):
    """Before the first event all are a status."""
    async with house(fault) as it:
        with pytest.raises(error) as caught:
            await transcript(it.ai, stream=stream)
    assert code in (None, caught.value.code)


async def test_what_is_wrong_with_a_request_is_told_in_the_servers_words():
    """By the field's name."""
    async with house() as it:
        with pytest.raises(openai.BadRequestError, match="Texts are simulated") as caught:
            await transcript(it.ai, response_format="srt")
    assert caught.value.param == "response_format"


@pytest.mark.parametrize("fault", ["status=500:times=1", "reset:times=1", "cut=0:variant=torn:times=1"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_what_failed_before_an_event_is_asked_again(fault, stream):
    """With the same sound."""
    async with house(fault, retries=1) as it:
        told = await transcript(it.ai, stream=stream)
        text = [event async for event in told][-1].text if stream else told.text
        whole = await transcript(it.direct, "gpt-4o-mini-transcribe")
        asked = it.mock.ledger.total
    assert (text, asked) == (whole.text, 3)


@pytest.mark.parametrize("fault", ["cut=3", "cut=3:variant=torn", "reset=3", "error_frame=3", "no_done"])
async def test_a_stream_that_breaks_off_is_none(fault):
    """The caller is told, and the record says it."""
    async with house(fault) as it:
        stream = await transcript(it.ai, stream=True)
        with pytest.raises(openai.APIError):
            [event async for event in stream]
        ok, _ = it.outcome()
    assert not ok


async def test_what_can_not_be_read_is_left_out():
    """And the stream is whole all the same."""
    async with house("malformed_frame=3") as it:
        seen = [event async for event in await transcript(it.ai, stream=True)]
        ok, _ = it.outcome()
    assert "".join(event.delta for event in seen[:-1]) == seen[-1].text
    assert ok


@pytest.mark.parametrize("fault", ["hang", "hang=head", "hang_after=3"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_caller_that_leaves_is_told_upstream(fault, stream):
    """The connection is closed at once, and the place is free again."""
    async with house(fault) as it:
        asking = asyncio.create_task(_drain(it.ai, stream=stream))
        await it.mock.ledger.wait_for(lambda entry: entry.fault != "")
        asking.cancel()
        await asyncio.wait([asking])
        entry = await it.mock.ledger.wait_for(lambda entry: entry.client_closed)
        leases = it.leases
    assert (entry.path, leases) == ("/v1/audio/transcriptions", 0)


async def _drain(ai, *, stream):
    told = await transcript(ai, stream=stream)
    async for _ in told:
        pass


SPEECH = {"voice": "alloy", "input": "All aboard the night train", "response_format": "wav"}
SPOKEN = post("/v1/audio/speech", msgspec.json.encode({"model": "m", **SPEECH}))


async def test_speech_is_heard_while_it_is_spoken():
    """The first words come before the last; a caller that leaves then is told upstream."""
    async with house("hang_after=2") as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.gateway.port)
        writer.write(SPOKEN)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        heard = await asyncio.wait_for(reader.readexactly(44), 20)
        writer.close()
        entry = await it.mock.ledger.wait_for(lambda entry: entry.client_closed)
        leases = it.leases
    assert b"content-type: audio/wav" in head
    assert b"transfer-encoding: chunked" in head
    assert b"RIFF" in heard
    assert (entry.tokens_sent, leases) == (2, 0)


@pytest.mark.parametrize("fault", ["cut=2:variant=torn", "reset=2"])
async def test_speech_that_breaks_off_ends_with_the_connection(fault):
    """Nothing is said into it, and no last chunk looks like its end."""
    async with house(fault) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.gateway.port)
        writer.write(SPOKEN)
        told = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        ok, _ = it.outcome()
    assert b"RIFF" in told
    assert b"error" not in told
    assert not told.endswith(b"0\r\n\r\n")
    assert not ok


@pytest.mark.parametrize("fault", ["status=500", "reset", "garbage=html", "garbage=broken", "empty"])
async def test_speech_that_failed_before_a_sound_is_asked_for_again(fault):
    """Whatever stood there instead; where it is the same again the caller gets a status."""
    async with house(f"{fault}:times=1", retries=1) as it:
        told = await it.ai.audio.speech.create(model="m", **SPEECH)
        direct = await it.direct.audio.speech.create(model="gpt-4o-mini-transcribe", **SPEECH)
        it.mock.faults.set(fault)
        with pytest.raises(openai.InternalServerError):
            await it.ai.audio.speech.create(model="m", **SPEECH)
    assert told.content == direct.content


@pytest.mark.parametrize("fault", ["empty", "garbage=html", "garbage=broken", "garbage=truncated"])
async def test_what_is_no_answer_is_none(fault):
    """Though it comes with a 200."""
    async with house(fault) as it:
        with pytest.raises(openai.InternalServerError) as caught:
            await transcript(it.ai)
    assert caught.value.code == "upstream_invalid_response"
