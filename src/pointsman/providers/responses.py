"""OpenAI's Responses API to servers that have it: requests, answers and events pass through as they came.

Source: OpenAI's API reference of November 2026. Written are ``model``, and what a deployment adds where the caller says
nothing; looked at are usage, content, the end and errors.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import NO_USAGE, FailureKind, PromptDetails, Usage
from pointsman.model.request import Fields, Native, Request
from pointsman.providers.frames import frame_end, payload_of, split_frames
from pointsman.providers.located import located
from pointsman.providers.profiles import PATHS
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import NOT_JSON
from pointsman.providers.shapes import Dialect
from pointsman.providers.values import count
from pointsman.providers.verbatim import passed_on

SAME = frozenset({"temperature", "top_p", "parallel_tool_calls", "user", "store", "service_tier", "metadata"})
"""Parameters of a deployment that mean the same here."""

RENAMED = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}

MAX_FRAME = 4 * 1024 * 1024
"""Bytes: the last frame has the whole answer in it once more."""

FINAL = frozenset({"response.completed", "response.incomplete"})
FAILED = frozenset({"response.failed", "error"})

UNFINISHED = frozenset({"failed", "cancelled"})
"""States of a response that is no answer."""


class _Counts(msgspec.Struct, gc=False):
    input_tokens: Any = None
    output_tokens: Any = None
    total_tokens: Any = None
    input_tokens_details: Any = None


class _Response(msgspec.Struct, gc=False):
    status: Any = None
    error: Any = None
    output: Any = None
    usage: _Counts | None = None


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    delta: Any = None
    response: _Response | None = None


_decode_response = msgspec.json.Decoder(_Response).decode
_decode_event = msgspec.json.Decoder(_Event).decode
_encode = msgspec.json.Encoder().encode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    native: Native = request.native  # type: ignore[assignment]  # flow/words.py asks for nobody else's
    body = passed_on(native.fields, _added(deployment, native.fields), model)
    return WireRequest(located(deployment.provider, PATHS["responses"], model), body)


def _added(deployment: Deployment, fields: Fields) -> dict[str, Any]:
    added: dict[str, Any] = {}
    for field, value in deployment.params.items():
        name = field if field in SAME else RENAMED.get(field)
        if name is not None and name not in fields:
            added[name] = value
    return added


def read(request: Request, _model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered)
    try:
        response = _decode_response(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a response")
    if response.error is not None or response.status in UNFINISHED:
        return inside(answered.body, ERROR_INSIDE)
    if not isinstance(response.output, list):
        return no_answer(answered.body, "without an answer inside")
    usage = usage_of(response.usage)
    if request.stream:  # it does not stream: all of it is the last event, and the first
        told = msgspec.Raw(b" ".join(answered.body.splitlines()))
        names = ("response.created", "response.completed")
        return Understood(
            b"".join(_event(name, told, n) for n, name in enumerate(names)), usage, stream=True, native=True
        )
    return Understood(answered.body, usage, native=True)


def _event(name: str, response: msgspec.Raw, number: int) -> bytes:
    told = _encode({"type": name, "response": response, "sequence_number": number})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), told)


def usage_of(counts: _Counts | None) -> Usage:
    if counts is None:
        return NO_USAGE
    prompt, completion = count(counts.input_tokens), count(counts.output_tokens)
    details = counts.input_tokens_details
    cached = count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(prompt, completion, count(counts.total_tokens) or prompt + completion, PromptDetails(cached))


class EventReader:
    """Events as they came, looked into."""

    def __init__(self, _request: Request, _model: str) -> None:
        self._rest = b""
        self.content = False
        self.begun = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.usage = NO_USAGE
        self.deltas = 0
        self.skipped = 0

    @property
    def ending(self) -> bool:
        return self.finished

    def remember(self) -> None:
        """Nobody can go on with it but in the same words."""

    def said(self) -> None:
        return None

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        seen = len(self._rest)
        data = self._rest + data if seen else data
        end = frame_end(data, seen)
        self._rest = data[end:]
        if len(self._rest) > MAX_FRAME:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a frame of more than {MAX_FRAME} bytes", 200)
            return b""
        return b"".join([self._frame(frame) for frame in split_frames(data[:end])])

    def close(self) -> bytes:
        """A last event may lack its empty line."""
        rest, self._rest = self._rest, b""
        return self._frame(rest) if rest.strip() else rest

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        payload = payload_of(frame)
        if payload is None or payload.strip() == b"[DONE]":
            return frame
        try:
            event = _decode_event(payload)
        except NOT_JSON:
            self.skipped += 1
            return b""
        if event.type in FAILED or (event.response is not None and event.response.status in UNFINISHED):
            self.refusal = _failed(payload, event, begun=self.content)
            return b""
        if event.type in FINAL:
            self.content = self.begun = self.finished = True
            self.usage = usage_of(event.response.usage if event.response is not None else None)
        elif event.delta is not None:
            self.content = self.begun = True
            self.deltas += 1
        elif event.type == "response.output_item.added":
            self.begun = True
        return frame


def _failed(payload: bytes, event: _Event, *, begun: bool) -> Refusal:
    """Why a response failed stands within it, or in an event of its own."""
    if event.response is not None and event.response.error is not None:
        payload = _encode({"error": event.response.error})
    return inside(payload, "an error inside the stream", begun=begun)


DIALECT = Dialect(write=write, read=read, reader=EventReader)
