"""Endpoints of OpenAI's that are passed through to servers that have them: reranking, moderation, images, audio.

Bodies go on as they came but for the model's name, JSON and forms alike; answers come back as they are, whatever they
are. Looked at are errors, figures, and how a stream ends. Speech is passed on as it comes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import JSON, JSON_LINE, OCTETS, Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import NO_USAGE, FailureKind, Usage
from pointsman.model.request import SOUNDS, Native, Request
from pointsman.providers.frames import payload_of
from pointsman.providers.located import located
from pointsman.providers.offered import offered
from pointsman.providers.passed import Passed
from pointsman.providers.profiles import PATHS
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import NOT_JSON, is_error
from pointsman.providers.shapes import Dialect, Inexpressible
from pointsman.providers.values import count
from pointsman.providers.verbatim import passed_on

PAGE, PAGES = b"text/html", (b"<!doct", b"<html")
"""What a proxy says instead of a server: its content type, and how it begins."""

LAST = (".completed", ".done")
"""How the types of a stream's last event end; those of earlier ones end otherwise."""


class _Figures(msgspec.Struct, gc=False):
    input_tokens: Any = None
    prompt_tokens: Any = None
    output_tokens: Any = None
    completion_tokens: Any = None
    total_tokens: Any = None


class _Told(msgspec.Struct, gc=False):
    type: Any = ""
    usage: _Figures | None = None
    choices: Any = None


_decode = msgspec.json.Decoder(_Told).decode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    native: Native = request.native  # type: ignore[assignment]  # flow/words.py asks for nobody else's
    if offered(deployment, request.endpoint) is False:  # a refusal upstream would look like a model that is missing
        raise Inexpressible("model", f"its provider has no {PATHS[request.endpoint]}")
    path = located(deployment.provider, PATHS[request.endpoint], model)
    if native.form is not None:
        before, after = native.form
        return WireRequest(path, b"%b%b%b" % (before, model.encode(), after), headers=native.headers)
    return WireRequest(path, passed_on(native.fields, deployment.params, model), headers=JSON_LINE)


def read(request: Request, _model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered)
    kind = answered.header(b"content-type") or OCTETS
    usage = NO_USAGE
    if kind.startswith(JSON):
        if is_error(answered.body):
            return inside(answered.body, ERROR_INSIDE)
        try:
            usage = _usage(_decode(answered.body).usage)
        except msgspec.ValidationError:
            usage = NO_USAGE  # a list, or figures of a shape that nobody knows: the answer is one all the same
        except NOT_JSON:
            return no_answer(answered.body, "with a body that is not JSON")
    elif kind.startswith(PAGE) or (not answered.body and request.endpoint in SOUNDS):
        return no_answer(answered.body, "without an answer inside")
    return Understood(answered.body, usage, native=True, kind=kind)


def _usage(told: _Figures | None) -> Usage:
    if told is None:
        return NO_USAGE
    prompt, completion = (
        count(told.input_tokens or told.prompt_tokens),
        count(told.output_tokens or told.completion_tokens),
    )
    return Usage(prompt, completion, count(told.total_tokens) or prompt + completion)


class PassingReader(Passed):
    """It is whole when an event says so. Whatever is JSON goes on."""

    def _frame(self, frame: bytes) -> bytes:
        payload = payload_of(frame)
        if payload is None:
            return frame
        if payload.strip() == b"[DONE]":
            self.finished = self.content
            return frame
        if is_error(payload):
            if not self.finished:
                self.refusal = inside(payload, "an error inside the stream", begun=self.content)
            return b""
        try:
            told = _decode(payload)
        except msgspec.ValidationError:
            told = _Told()  # figures of a shape that nobody knows
        except NOT_JSON:
            self.skipped += 1
            return b""
        self._delta()
        if told.usage is not None:
            self.usage = _usage(told.usage)
        if isinstance(told.type, str) and told.type.endswith(LAST):
            self.finished = True
        return frame


LINES = (b"event:", b"data:", b"id:", b"retry:", b":")
"""What a stream of events begins with; no sound does."""

LONGEST_LINE = max(map(len, LINES))


class SoundReader(PassingReader):
    """Sound, or events where the server tells it in those. Sound is whole where HTTP says that it is."""

    def __init__(self, request: Request, model: str) -> None:
        super().__init__(request, model)
        self._sounds: bool | None = None
        self._first = b""

    def feed(self, data: bytes) -> bytes:
        if self._sounds is None:
            data = self._first + data
            if len(data) < LONGEST_LINE:
                self._first = data
                return b""
            self._first, self._sounds = b"", not data.startswith(LINES)
            if data.lower().startswith(PAGES):
                self.refusal = Refusal(FailureKind.GARBAGE, "a web page where sound was asked for", 200)
        if self.refusal is not None:
            return b""
        if not self._sounds:
            return super().feed(data)
        self.content = self.begun = True
        return data

    def close(self) -> bytes:
        if self._sounds is None:  # less than any event
            self._sounds = True
            self.content = self.begun = bool(self._first)
        if not self._sounds:
            return super().close()
        rest, self._first = self._first, b""
        self.finished = self.content
        return rest


def reader(request: Request, model: str) -> PassingReader:
    return (SoundReader if request.endpoint in SOUNDS else PassingReader)(request, model)


DIALECT = Dialect(write=write, read=read, reader=reader)
