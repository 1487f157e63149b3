"""Pictures, sound and moderation at the simulated provider, asked by the official ``openai`` package."""

from __future__ import annotations

import io
import wave
import zlib
from base64 import b64decode
from contextlib import suppress

import httpx
import openai
import pytest

from pointsman.testing import MockProvider

TEXT = "All aboard the night train"
SOUND = ("a.wav", b"RIFF" + bytes(100_000), "audio/wav")


@pytest.fixture
async def ai(client):
    async with MockProvider("openai") as provider, client(provider) as it:
        yield it


@pytest.mark.parametrize(
    ("asked", "flagged"),
    [
        ("Attack at dawn!", [["violence"]]),
        (["a train", "build a bomb"], [[], ["illicit/violent", "violence"]]),
        ([{"type": "text", "text": "kill"}, {"type": "image_url", "image_url": {"url": "x"}}], [["violence"]]),
    ],
)
async def test_moderation_goes_by_words(ai, asked, flagged):
    """A result for each text, one for the parts of a message; unasked it is the usual model."""
    told = await ai.moderations.create(input=asked)
    found = [sorted(k for k, hit in r.categories.model_dump(by_alias=True).items() if hit) for r in told.results]
    assert found == flagged
    assert [result.flagged for result in told.results] == [bool(names) for names in flagged]
    assert told.model == "omni-moderation-latest"


async def test_pictures_are_pngs(ai):
    """Each of one pixel, the same for the same words; their tokens are told."""
    asked = {"model": "gpt-image-1", "prompt": "a train"}
    two = await ai.images.generate(**asked, n=2)
    one, other = [b64decode(each.b64_json) for each in two.data]
    [again] = (await ai.images.generate(**asked)).data
    assert one != other
    assert b64decode(again.b64_json) == one
    assert one.startswith(b"\x89PNG\r\n\x1a\n")
    assert one[12:24] == b"IHDR\0\0\0\1\0\0\0\1"
    assert zlib.crc32(one[12:29]).to_bytes(4, "big") == one[29:33]
    assert two.usage.total_tokens == two.usage.input_tokens + two.usage.output_tokens


async def test_pictures_come_bit_by_bit(ai):
    """As many before the last one as were asked for; it is the one that is told whole."""
    asked = {"model": "gpt-image-1", "prompt": "a train"}
    [whole] = (await ai.images.generate(**asked)).data
    stream = await ai.images.generate(**asked, stream=True, partial_images=2)
    seen = [event async for event in stream]
    assert [event.type.rpartition(".")[2] for event in seen] == ["partial_image", "partial_image", "completed"]
    assert [event.partial_image_index for event in seen[:2]] == [0, 1]
    assert seen[2].b64_json == whole.b64_json


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the package would rather edit
async def test_pictures_are_edited_and_varied(ai):
    """By a form; what comes of it follows from the picture too."""
    seen = []
    for image in (b"PNG 1", b"PNG 2"):
        asked = {"model": "gpt-image-1", "image": ("a.png", image, "image/png")}
        [one, two] = (await ai.images.edit(**asked, prompt="a hat", n=2)).data
        [varied] = (await ai.images.create_variation(**asked)).data
        stream = await ai.images.edit(**asked, prompt="a hat", stream=True, partial_images=1)
        partial, done = [event async for event in stream]
        assert (partial.type, done.type) == ("image_edit.partial_image", "image_edit.completed")
        assert done.b64_json == one.b64_json
        seen += [one.b64_json, two.b64_json, varied.b64_json]
    assert len(set(seen)) == 6


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
async def test_a_translation_is_a_transcript(ai):
    """In English, which it was."""
    asked = {"model": "whisper-1", "file": SOUND}
    told = await ai.audio.translations.create(**asked, response_format="verbose_json")
    assert told.text == (await ai.audio.transcriptions.create(**asked)).text
    assert told.duration == 4.0


@pytest.mark.parametrize("words", [1, 5])
async def test_speech_is_as_long_as_its_text(ai, words):
    """A WAV that any player plays: a tenth of a second a word."""
    asked = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": " ".join(TEXT.split()[:words])}
    spoken = await ai.audio.speech.create(**asked, response_format="wav")
    plain = await ai.audio.speech.create(**asked, response_format="pcm")
    with wave.open(io.BytesIO(spoken.content)) as sound:
        seconds, samples = sound.getnframes() / sound.getframerate(), sound.readframes(sound.getnframes())
    assert spoken.response.headers["content-type"] == "audio/wav"
    assert seconds == pytest.approx(words / 10)
    assert plain.content == samples


async def test_speech_is_an_mp3_unless_said(ai):
    """Whole frames of it."""
    spoken = await ai.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input=TEXT)
    frames = [spoken.content[place : place + 417] for place in range(0, len(spoken.content), 417)]
    assert spoken.response.headers["content-type"] == "audio/mpeg"
    assert {frame[:4] for frame in frames} == {b"\xff\xfb\x90\x00"}
    assert len(frames[-1]) == 417


async def test_speech_comes_in_events(provider, ask):
    """The same bytes in base64, and what they count as."""
    asked = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": TEXT, "response_format": "wav"}
    plain = await ask(provider, "POST", "/v1/audio/speech", asked)
    told = await ask(provider, "POST", "/v1/audio/speech", {**asked, "stream_format": "sse"})
    *deltas, done = told.chunks
    assert b"".join(b64decode(delta["audio"]) for delta in deltas) == plain.body
    assert (done["type"], done["usage"]["output_tokens"]) == ("speech.audio.done", 5)


async def test_a_transcript_in_every_form(ai):
    """The same words; another sound has others."""
    asked = {"model": "gpt-4o-mini-transcribe", "file": SOUND}
    told = await ai.audio.transcriptions.create(**asked)
    text = await ai.audio.transcriptions.create(**asked, response_format="text")
    seen = [event async for event in await ai.audio.transcriptions.create(**asked, stream=True)]
    other = await ai.audio.transcriptions.create(**asked | {"file": ("b.wav", b"RIFF1", "audio/wav")})
    assert told.text.startswith("[openai/gpt-4o-mini-transcribe]")
    assert text == f"{told.text}\n"
    assert other.text != told.text
    assert {event.type for event in seen[:-1]} == {"transcript.text.delta"}
    assert "".join(event.delta for event in seen[:-1]) == seen[-1].text == told.text
    assert seen[-1].type == "transcript.text.done"
    assert seen[-1].usage.total_tokens == told.usage.total_tokens == 40 + len(seen) - 1


async def test_whisper_knows_seconds_and_no_streams(ai):
    """It leaves ``stream`` out, and tells segments where that is asked for."""
    told = await ai.audio.transcriptions.create(
        model="whisper-1", file=SOUND, response_format="verbose_json", language="en"
    )
    whole = await ai.with_raw_response.audio.transcriptions.create(model="whisper-1", file=SOUND, stream=True)
    assert (told.usage.type, told.usage.seconds, told.language) == ("duration", 4.0, "en")
    assert told.segments[0].text == told.text
    assert whole.headers["content-type"] == "application/json"


async def test_the_ledger_has_a_forms_texts(provider, client):
    """Without its files; faults find the model in it."""
    provider.faults.set("status=503:model=whisper-1")
    async with client(provider) as it:
        with pytest.raises(openai.InternalServerError):
            await it.audio.transcriptions.create(model="whisper-1", file=SOUND)
    entry = provider.ledger.last
    assert (entry.model, entry.body["model"], "file" in entry.body) == ("whisper-1", "whisper-1", False)


SPEECH = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "x"}
PICTURE = {"model": "gpt-image-1", "prompt": "x"}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("moderations", {}, "input"),
        ("moderations", {"input": [1]}, "input"),
        ("moderations", {"input": "x", "model": "gpt-9"}, None),
        ("images/generations", {**PICTURE, "prompt": None}, "prompt"),
        ("images/generations", {**PICTURE, "n": 11}, "n"),
        ("images/generations", {**PICTURE, "output_format": "webp"}, "output_format"),
        ("images/generations", {**PICTURE, "model": "gpt-9"}, None),
        ("audio/speech", {**SPEECH, "voice": None}, "voice"),
        ("audio/speech", {**SPEECH, "input": ""}, "input"),
        ("audio/speech", {**SPEECH, "response_format": "flac"}, "response_format"),
        ("audio/transcriptions", {"model": "whisper-1"}, None),
    ],
)
async def test_what_is_wrong_is_refused(provider, ask, path, body, param):
    """By OpenAI's errors."""
    answer = await ask(provider, "POST", f"/v1/{path}", body)
    assert answer.status == (404 if body.get("model") == "gpt-9" else 400)
    assert answer.json()["error"]["param"] == param


FORM = '--x\r\ncontent-disposition: form-data; name="{}"\r\n\r\n{}\r\n'
FILE = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nsound\r\n'
WHISPER = FORM.format("model", "whisper-1")


@pytest.mark.parametrize(
    ("form", "status", "param"),
    [
        (WHISPER + FILE, 200, None),
        (FILE, 400, None),
        (WHISPER, 400, "file"),
        (WHISPER + FILE + FORM.format("response_format", "srt"), 400, "response_format"),
        (FORM.format("model", "gpt-9") + FILE, 404, None),
        ("--y\r\n", 400, None),
    ],
)
async def test_forms_are_read(provider, ask, form, status, param):
    """And refused for what is wrong in them."""
    head = ["content-type: multipart/form-data; boundary=x"]
    answer = await ask(provider, "POST", "/v1/audio/transcriptions", f"{form}--x--\r\n".encode(), head)
    assert answer.status == status
    assert answer.json().get("error", {}).get("param") == param


@pytest.mark.parametrize("path", ["edits", "variations"])
async def test_a_form_without_its_picture_is_refused(provider, ask, path):
    """By the field's name."""
    form = FORM.format("model", "gpt-image-1") + FORM.format("prompt", "a hat")
    head = ["content-type: multipart/form-data; boundary=x"]
    answer = await ask(provider, "POST", f"/v1/images/{path}", f"{form}--x--\r\n".encode(), head)
    assert (answer.status, answer.json()["error"]["param"]) == (400, "image")


@pytest.mark.parametrize("fault", ["cut=3", "cut=3:variant=torn", "reset=3", "no_done", "error_frame=3"])
async def test_faults_break_a_transcript_off(provider, client, fault):
    """Nothing looks like its end."""
    provider.faults.set(fault)
    seen = []
    async with client(provider) as it:
        stream = await it.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=SOUND, stream=True)
        with suppress(openai.APIError, httpx.HTTPError):
            async for event in stream:
                seen.append(event.type)  # noqa: PERF401  what came before the break counts
    assert len(seen) >= 3
    assert set(seen) == {"transcript.text.delta"}


async def test_a_transcript_is_whole_where_streams_are_not_heeded(provider, ask):
    """The fault ``plain``, for forms."""
    provider.faults.set("plain")
    form = FORM.format("model", "gpt-4o-mini-transcribe") + FORM.format("stream", "true") + FILE
    head = ["content-type: multipart/form-data; boundary=x"]
    answer = await ask(provider, "POST", "/v1/audio/transcriptions", f"{form}--x--\r\n".encode(), head)
    assert answer.json()["text"]
