"""OpenAI's Responses API to servers that have it: requests, answers and events pass through as they came.

Source: OpenAI's API reference of November 2026. Written are ``model``, and what a deployment adds where the caller says
nothing; looked at are usage, content, the end and errors.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import NO_USAGE, PromptDetails, Usage
from pointsman.model.request import Fields, Native, Request
from pointsman.providers.frames import payload_of
from pointsman.providers.located import located
from pointsman.providers.passed import Passed, fields_in, figure_in, looked_into, speaks, word_in
from pointsman.providers.profiles import PATHS
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import ABSENT, NOT_JSON
from pointsman.providers.shapes import Dialect
from pointsman.providers.verbatim import passed_on

SAME = frozenset({"temperature", "top_p", "parallel_tool_calls", "user", "store", "service_tier", "metadata"})
"""Parameters of a deployment that mean the same here."""

RENAMED = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}

FINAL = frozenset({"response.completed", "response.incomplete"})
FAILED = frozenset({"response.failed", "error"})

UNFINISHED = frozenset({"failed", "cancelled"})
"""States of a response that is no answer."""


class _Response(msgspec.Struct, gc=False):
    status: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    output: msgspec.Raw = ABSENT
    usage: msgspec.Raw = ABSENT


class _Event(msgspec.Struct, gc=False):
    type: msgspec.Raw = ABSENT
    delta: msgspec.Raw = ABSENT
    response: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


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
        response = looked_into(_decode_response, answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a response")
    if speaks(response.error) or word_in(response.status) in UNFINISHED:
        return inside(answered.body, ERROR_INSIDE)
    if not bytes(response.output).startswith(b"["):
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


def usage_of(told: msgspec.Raw) -> Usage:
    if not speaks(told):
        return NO_USAGE
    counts = fields_in(told)
    prompt, completion = figure_in(counts.get("input_tokens")), figure_in(counts.get("output_tokens"))
    cached = figure_in(fields_in(counts.get("input_tokens_details", ABSENT)).get("cached_tokens"))
    total = figure_in(counts.get("total_tokens")) or prompt + completion
    return Usage(prompt, completion, total, PromptDetails(cached))


class EventReader(Passed):
    """Events as they came, looked into."""

    def _frame(self, frame: bytes) -> bytes:
        payload = payload_of(frame)
        if payload is None or payload.strip() == b"[DONE]":
            return frame
        try:
            event = looked_into(_decode_event, payload)
        except NOT_JSON:
            self.skipped += 1
            return b""
        kind, response = word_in(event.type), fields_in(event.response)
        if kind in FAILED or speaks(event.error) or word_in(response.get("status")) in UNFINISHED:
            if not self.finished:
                self.refusal = _failed(payload, response, begun=self.content)
            return b""
        if kind in FINAL:
            self._end()
            self.usage = usage_of(response.get("usage", ABSENT))
        elif speaks(event.delta) or kind == "response.output_item.done":
            self._delta()
        elif kind == "response.output_item.added":
            self.begun = True
        return frame


def _failed(payload: bytes, response: Fields, *, begun: bool) -> Refusal:
    """Why a response failed stands within it, or in an event of its own."""
    if speaks(response.get("error")):
        payload = _encode({"error": response["error"]})
    return inside(payload, "an error inside the stream", begun=begun)


DIALECT = Dialect(write=write, read=read, reader=EventReader)
