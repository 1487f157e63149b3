"""OpenAI's wire format, spoken by OpenAI, vLLM, llama.cpp's servers and most others.

Requests and replies pass through: only ``model`` and what a deployment adds is written, only usage, content, finish
and errors are looked at. A body is never rebuilt from what we understood of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import NO_USAGE, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.frames import frame_end, payload_of, split_frames
from pointsman.providers.shapes import Dialect, choices_of, refusal, takes_task, versioned
from pointsman.providers.transcript import Transcript

PATHS = {"chat": "/chat/completions", "completions": "/completions", "embeddings": "/embeddings"}

MAX_FRAME = 1024 * 1024
"""Bytes: a frame that grows beyond this without ending is rubbish, not an answer."""

ABSENT = msgspec.Raw()

_encode = msgspec.json.Encoder().encode


class _Uncounted(msgspec.Struct, gc=False):
    error: msgspec.Raw = ABSENT
    choices: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT


class _Reply(_Uncounted, gc=False):
    usage: Usage | None = None


class _Delta(msgspec.Struct, gc=False):
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class _UncountedChunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    error: msgspec.Raw = ABSENT


class _Chunk(_UncountedChunk, gc=False):
    usage: Usage | None = None


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_uncounted = msgspec.json.Decoder(_Uncounted).decode
_decode_uncounted_chunk = msgspec.json.Decoder(_UncountedChunk).decode

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    body = request.body
    if "task" in body and not takes_task(deployment.provider):
        body = {name: value for name, value in body.items() if name != "task"}
    fields: dict[str, Any] = {**deployment.params, **body} if deployment.params else body.copy()
    fields["model"] = model
    return WireRequest(_paths(deployment.provider.base_url)[request.endpoint], _encode(fields))


@lru_cache(1024)
def _paths(base_url: str) -> dict[str, str]:
    return {endpoint: versioned(base_url, path) for endpoint, path in PATHS.items()}


def read(request: Request, _model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered)
    try:
        _check_text(answered.body)
        try:
            reply = _decode_reply(answered.body)
        except msgspec.ValidationError:  # figures that make no sense are not believed; the answer still is one
            known = _decode_uncounted(answered.body)
            reply = _Reply(known.error, known.choices, known.data)
    except NOT_JSON:
        return Refusal(FailureKind.GARBAGE, "status 200 with a body that is not a JSON object", 200)
    if _there(reply.error):
        return Refusal(FailureKind.SERVER_ERROR, "status 200 with an error inside", 200)
    if not _there(reply.data if request.endpoint == "embeddings" else reply.choices):
        return Refusal(FailureKind.GARBAGE, "status 200 without an answer inside", 200)
    return Understood(answered.body, reply.usage or NO_USAGE)


class SseReader:
    """Reads an OpenAI stream frame by frame and passes each whole frame on as it came."""

    __slots__ = (
        "_choices",
        "_ended",
        "_rest",
        "_transcript",
        "content",
        "deltas",
        "ending",
        "finished",
        "refusal",
        "skipped",
        "usage",
    )

    def __init__(self, choices: int = 1) -> None:
        self._rest = b""
        self._choices = choices
        self._ended = 0
        self._transcript: Transcript | None = None
        self.content = False
        self.ending = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.usage = NO_USAGE
        self.deltas = 0
        self.skipped = 0

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        if self._rest:
            data = self._rest + data
        end = frame_end(data)
        if end < len(data):
            self._rest = data[end:]
            if len(self._rest) > MAX_FRAME:
                self.refusal = Refusal(FailureKind.GARBAGE, f"a frame of more than {MAX_FRAME} bytes", 200)
                return b""
            data = data[:end]
        else:
            self._rest = b""
        if data.count(b"\n\n") <= 1 and b"\r" not in data:
            return data if self._keep(data) else b""
        return b"".join(frame for frame in split_frames(data) if self._keep(frame))

    @property
    def begun(self) -> bool:
        return self.content

    def remember(self) -> None:
        self._transcript = Transcript()

    def said(self) -> dict[str, str] | None:
        return self._transcript.texts() if self._transcript is not None else None

    def close(self) -> bytes:
        if self.ending and not self.finished and self.refusal is None:
            self.finished = True
            return b"data: [DONE]\n\n"
        return b""

    def _keep(self, frame: bytes) -> bool:
        """Look into one frame; false if it is not to be sent on."""
        if self.finished or self.refusal is not None:
            return False
        payload = payload_of(frame)
        if payload is None:
            return bool(frame)
        if payload == b"[DONE]":
            self.finished = self._ended > 0  # without a finish reason it is an end, but not of an answer
            return self.finished
        try:
            _check_text(payload)
            try:
                chunk = _decode_chunk(payload)
            except msgspec.ValidationError:  # as above
                known = _decode_uncounted_chunk(payload)
                chunk = _Chunk(known.choices, known.error)
        except NOT_JSON:
            self.skipped += 1
            return False
        if _there(chunk.error):
            self.refusal = Refusal(FailureKind.SERVER_ERROR, "an error inside the stream", 200, body=bytes(payload))
            return False
        self._note(chunk)
        return True

    def _note(self, chunk: _Chunk) -> None:
        if chunk.usage is not None:
            self.usage = chunk.usage
        transcript = self._transcript
        for choice in chunk.choices or ():
            if choice.finish_reason:  # some say an empty one with every word
                self._ended += 1
                self.ending, self.content = self._ended >= self._choices, True
                self.deltas += _says(choice)
            elif self.content:  # not looked into any more: a frame behind the first content has some
                self.deltas += 1
            elif _says(choice):
                self.content = True
                self.deltas = 1
            if transcript is not None:
                _write_down(transcript, choice)


def _check_text(data: bytes) -> None:
    """Raises UnicodeDecodeError if it is not UTF-8: decoding skips what nobody asks for."""
    if not data.isascii():
        data.decode()


def _there(error: msgspec.Raw) -> bool:
    return bool(error) and bytes(error) != b"null"


def _says(choice: _Choice) -> bool:
    delta = choice.delta
    if delta is None:
        return bool(choice.text)
    return bool(
        delta.content
        or delta.tool_calls
        or delta.function_call
        or delta.refusal
        or delta.reasoning_content
        or delta.reasoning
        or choice.text
    )


def _write_down(transcript: Transcript, choice: _Choice) -> None:
    delta = choice.delta
    if delta is None:
        if choice.text:
            transcript.add("text", choice.text)
        return
    if delta.content:
        transcript.add("content", delta.content)
    if delta.reasoning_content:
        transcript.add("reasoning_content", delta.reasoning_content)
    if delta.reasoning:
        transcript.add("reasoning", delta.reasoning)
    if delta.tool_calls or delta.function_call or delta.refusal:
        transcript.spoil()


def reader(request: Request, _model: str) -> SseReader:
    return SseReader(choices_of(request))


DIALECT = Dialect(write=write, read=read, reader=reader)
