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
from pointsman.providers.anthropic.read import Block, Counts, read_message, usage_of
from pointsman.providers.anthropic.read import read as translated
from pointsman.providers.anthropic.stream import EventReader
from pointsman.providers.anthropic.write import OWN, PATH, RENAMED
from pointsman.providers.frames import split_frames
from pointsman.providers.located import located
from pointsman.providers.refusals import refusal
from pointsman.providers.shapes import Dialect
from pointsman.providers.verbatim import passed_on

PATHS = {"chat": PATH, "count_tokens": f"{PATH}/count_tokens"}

UNSIGNED = re.compile(rb'"signature"\s*:\s*""')
"""In a conversation, thoughts that another provider had: Anthropic refuses them, so they are left out."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


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


def signed(messages: msgspec.Raw) -> msgspec.Raw:
    """The conversation without thoughts that nobody signed."""
    turns = _decode(messages)
    for turn in turns if isinstance(turns, list) else ():
        content = turn.get("content") if isinstance(turn, dict) else None
        if isinstance(content, list):
            turn["content"] = [block for block in content if not _unsigned(block)]
    return msgspec.Raw(_encode(turns))


def _unsigned(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "thinking" and not block.get("signature")


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    if request.stream:  # it is told as a stream, which is made of OpenAI's words
        return translated(request, model, answered)
    if request.endpoint == "count_tokens":
        return Understood(answered.body, native=True) if answered.status == 200 else refusal(answered)
    found = read_message(answered)
    if isinstance(found, Refusal):
        return found
    return Understood(answered.body, usage_of(found.usage or Counts()), native=True)


class PassingReader(EventReader):
    """Events as they came, looked into."""

    def said(self) -> None:
        """Nobody can go on with it but in the same words."""

    def _split(self, data: bytes) -> list[bytes]:
        return split_frames(data)

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        skipped = self.skipped
        super()._frame(frame)
        return b"" if self.refusal is not None or self.skipped > skipped else frame

    # What the other reader would tell is only noted here.

    def _opening(self) -> bytes:
        return b""

    def _piece(self, _channel: str, text: str) -> bytes:
        if text:
            self.content = self.begun = True
            self.deltas += 1
        return b""

    def _thought(self, _block: Block) -> bytes:
        return b""

    def _call(self, _call: dict[str, Any]) -> bytes:
        return self._piece("", "call")

    def _ending(self) -> bytes:
        self.content = self.begun = self.finished = True
        return b""


DIALECT = Dialect(write=write, read=read, reader=PassingReader)
