"""Anthropic's words to Anthropic's servers: requests, answers and events pass through as they came.

Written are ``model``, and what a deployment adds where the caller says nothing. Looked at are usage, content, the end
and errors.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import JSON_LINE, Answered, Refusal, Understood, WireRequest
from pointsman.model.request import Fields, Native, Request
from pointsman.providers.anthropic.read import Counts, usage_of
from pointsman.providers.anthropic.read import read as translated
from pointsman.providers.anthropic.signed import signed
from pointsman.providers.anthropic.stream import add, data_of
from pointsman.providers.anthropic.write import OWN, PATH, RENAMED
from pointsman.providers.located import located
from pointsman.providers.passed import Passed, fields_in, figure_in, looked_into, speaks, word_in
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import ABSENT, NOT_JSON, there
from pointsman.providers.shapes import Dialect
from pointsman.providers.verbatim import passed_on

PATHS = {"chat": PATH, "count_tokens": f"{PATH}/count_tokens"}

UNSIGNED = re.compile(rb'"signature"\s*:\s*""')
"""In a conversation, thoughts that another provider had: Anthropic refuses them, so they are left out."""

SEALED = frozenset({"signature_delta", "redacted_thinking"})
"""Types of what only Anthropic's servers can read."""

FIGURES = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


class _Message(msgspec.Struct, gc=False):
    content: msgspec.Raw = ABSENT
    type: msgspec.Raw = ABSENT
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


class _Event(msgspec.Struct, gc=False):
    type: msgspec.Raw = ABSENT
    message: msgspec.Raw = ABSENT
    content_block: msgspec.Raw = ABSENT
    delta: msgspec.Raw = ABSENT
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT


_decode_message = msgspec.json.Decoder(_Message).decode
_decode_event = msgspec.json.Decoder(_Event).decode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    native: Native = request.native  # type: ignore[assignment]  # flow/words.py asks for nobody else's
    fields = native.fields
    messages = fields.get("messages")
    if messages is not None and UNSIGNED.search(messages):
        fields = {**fields, "messages": signed(messages)}
    body = passed_on(fields, _added(deployment, fields), model)
    return WireRequest(
        located(deployment.provider, PATHS[request.endpoint], model), body, headers=JSON_LINE + native.headers
    )


def _added(deployment: Deployment, fields: Fields) -> dict[str, Any]:
    """What the deployment's parameters say of which the caller says nothing."""
    added: dict[str, Any] = {}
    for field, value in deployment.params.items():
        name = field if field in OWN else RENAMED.get(field)
        if name is not None and name not in fields and value is not None:
            added[name] = [value] if name == "stop_sequences" and isinstance(value, str) else value
    return added


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    if request.stream:  # it is told as a stream, which is made of OpenAI's words
        return translated(request, model, answered)
    if answered.status != 200:
        return refusal(answered)
    return Understood(answered.body, native=True) if request.endpoint == "count_tokens" else _message(answered)


def _message(answered: Answered) -> Understood | Refusal:
    try:
        message = looked_into(_decode_message, answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a message")
    if speaks(message.error) or word_in(message.type) == "error":
        return inside(answered.body, ERROR_INSIDE)
    if not bytes(message.content).startswith(b"["):
        return no_answer(answered.body, "with a body that is not a message")
    return Understood(answered.body, usage_of(_counts(message.usage)), native=True)


def _counts(told: msgspec.Raw) -> Counts:
    """Figures one by one, each as it is read elsewhere."""
    fields = fields_in(told)
    kept = fields_in(fields.get("cache_creation", ABSENT))
    hour = {name: figure_in(value) for name, value in kept.items()}
    figures = {name: figure_in(fields[name]) for name in FIGURES if there(fields.get(name, ABSENT))}
    return Counts(**figures, cache_creation=hour or None)


class PassingReader(Passed):
    """Events as they came, looked into."""

    def __init__(self, request: Request, model: str) -> None:
        super().__init__(request, model)
        self._counts = Counts()

    def _frame(self, frame: bytes) -> bytes:
        payload = data_of(frame)
        if payload is None:
            return frame
        try:
            event = looked_into(_decode_event, payload)
        except NOT_JSON:
            self.skipped += 1
            return b""
        kind = word_in(event.type)
        if kind == "error" or (event.error is not ABSENT and speaks(event.error)):
            if not self.finished:
                self.refusal = inside(payload, "an error inside the stream", begun=self.content)
            return b""
        self._count(event)
        if kind == "content_block_delta":
            if (self.content and b"signature" not in bytes(event.delta)) or _says(event.delta):
                self._delta()
        elif kind == "content_block_start":
            if _says(event.content_block):
                self._delta()
        elif kind == "message_stop":
            self._end()
        return frame

    def _count(self, event: _Event) -> None:
        """Add up the figures, which stand in a message that begins, or beside what ends it."""
        for told in (event.usage, fields_in(event.message).get("usage", ABSENT) if event.message else ABSENT):
            if told:
                add(self._counts, _counts(told))
                self.usage = usage_of(self._counts)


def _says(told: msgspec.Raw) -> bool:
    """A block, or a piece of one, has something in it that the caller can read."""
    fields = fields_in(told)
    if word_in(fields.pop("type", None)) in SEALED:
        return False
    return any(map(speaks, fields.values()))


DIALECT = Dialect(write=write, read=read, reader=PassingReader)
