"""Transcriptions and translations: words that follow from the sound's bytes, as JSON, as text, or as events."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pointsman.mock.events import event
from pointsman.mock.message import SSE, TEXT, Answer, Refused, Reply, Stream, json_reply
from pointsman.mock.words import estimate, natural

if TYPE_CHECKING:
    from pointsman.mock.form import Form

FORMATS = ("json", "text", "verbose_json")
A_SECOND = 32_000
"""Bytes of sound that count as one."""

WHISPER = "whisper-1"
"""The one model that knows no tokens and does not stream."""


def transcription_answer(form: Form, speaker: str, headers: bytes, task: str = "transcribe") -> Answer:
    sound = form.files.get("file")
    if not sound:
        raise Refused(400, "Missing required parameter: 'file'.", param="file", code="missing_required_parameter")
    kind = form.texts.get("response_format", "json")
    if kind not in FORMATS:
        raise Refused(400, f"Texts are simulated as {', '.join(FORMATS)} alone.", param="response_format")
    model = form.texts["model"]
    tokens = natural(speaker, model, sha256(sound).hexdigest() + form.texts.get("prompt", ""))
    usage = _usage(sound, form, tokens)
    if form.texts.get("stream") == "true" and model != WHISPER:
        return _stream(tokens, usage, headers)
    text = "".join(tokens)
    if kind == "text":
        return Reply(f"{text}\n".encode(), 200, TEXT, headers, len(tokens), slow=True)
    told: dict[str, Any] = {"text": text, "usage": usage}
    if kind == "verbose_json":
        told |= _verbose(text, sound, form, task)
    return json_reply(told, headers=headers, tokens=len(tokens), slow=True)


def _stream(tokens: list[str], usage: dict[str, Any], headers: bytes) -> Stream:
    told = [event({"type": "transcript.text.delta", "delta": token}) for token in tokens]
    end = event({"type": "transcript.text.done", "text": "".join(tokens), "usage": usage})
    return Stream(SSE, iter(told), closing=end, headers=headers, end=end)


def _seconds(sound: bytes) -> int:
    return len(sound) // A_SECOND + 1


def _usage(sound: bytes, form: Form, tokens: list[str]) -> dict[str, Any]:
    if form.texts["model"] == WHISPER:
        return {"type": "duration", "seconds": _seconds(sound)}
    heard, told = 10 * _seconds(sound), estimate(form.texts.get("prompt", ""))
    return {
        "type": "tokens",
        "input_tokens": heard + told,
        "input_token_details": {"text_tokens": told, "audio_tokens": heard},
        "output_tokens": len(tokens),
        "total_tokens": heard + told + len(tokens),
    }


def _verbose(text: str, sound: bytes, form: Form, task: str) -> dict[str, Any]:
    seconds = float(_seconds(sound))
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": -0.1,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    }
    language = form.texts.get("language", "english")
    return {"task": task, "language": language, "duration": seconds, "segments": [segment]}
