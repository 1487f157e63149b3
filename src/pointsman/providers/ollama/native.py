"""Ollama's words to Ollama's servers: requests, answers and lines pass through as they came.

Written are ``model``, and what a deployment adds where the caller says nothing, in ``options`` too. Looked at are
usage, content, the end and errors.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Fields, Native, Request
from pointsman.providers.ollama.read import Reply, usage_of
from pointsman.providers.ollama.stream import NdjsonReader
from pointsman.providers.ollama.write import format_of, spread
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import ABSENT, NOT_JSON, there
from pointsman.providers.shapes import Dialect, Inexpressible
from pointsman.providers.verbatim import passed_on

TALKS = ("/api/chat", "/api/generate")


class _Reply(Reply, gc=False):
    embeddings: msgspec.Raw = ABSENT
    embedding: msgspec.Raw = ABSENT


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_options = msgspec.json.Decoder(Fields | None).decode
_encode = msgspec.json.Encoder().encode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    """Raises Inexpressible."""
    native: Native = request.native  # type: ignore[assignment]  # flow/words.py asks for nobody else's
    fields = native.fields
    added: dict[str, Any] = {}
    if deployment.params:
        options: dict[str, Any] = {}
        spread(deployment.params, added, options)
        if native.path in TALKS and (wanted := format_of(deployment.params.get("response_format"))) is not None:
            added["format"] = wanted
        if options:
            fields = _with_options(fields, options)
    return WireRequest(native.path, passed_on(fields, added, model), headers=native.headers)


def _with_options(fields: Fields, options: dict[str, Any]) -> Fields:
    """With those that the caller does not say."""
    try:
        said = _decode_options(fields["options"]) if "options" in fields else None
    except NOT_JSON as error:
        raise Inexpressible("options", "they must be an object") from error
    return {**fields, "options": msgspec.Raw(_encode({**options, **(said or {})}))}


def read(request: Request, _model: str, answered: Answered) -> Understood | Refusal:
    """A whole answer to who wants a stream is a stream of one line."""
    if answered.status != 200:
        return refusal(answered)
    try:
        reply = _decode_reply(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a reply")
    if reply.error is not None:
        return inside(answered.body, ERROR_INSIDE)
    whole = there(reply.embeddings) or there(reply.embedding) if request.endpoint == "embeddings" else reply.done
    if not whole:
        return Refusal(FailureKind.GARBAGE, "status 200 with a reply that is not done", 200)
    return Understood(answered.body, usage_of(reply), request.stream, native=True)


class PassingReader(NdjsonReader):
    """Lines as they came, looked into."""

    def said(self) -> None:
        """Nobody can go on with it but in the same words."""

    def _whole(self, line: bytes) -> bytes:
        if not line.strip():
            return b"" if self.finished or self.refusal is not None else line + b"\n"
        told = self._line(line)
        return told + b"\n" if told else b""

    def _line(self, line: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        skipped = self.skipped
        super()._line(line)
        return b"" if self.refusal is not None or self.skipped > skipped else line

    def _frames(self, reply: Reply) -> bytes:
        """What the other reader would tell is only noted."""
        message = reply.message
        spoken = message is not None and (message.content or message.thinking or message.tool_calls)
        if spoken or reply.response or reply.thinking:
            self.content = True
            self.deltas += 1
        if reply.done:
            self.usage = usage_of(reply)
            self.content = self.finished = True
        return b""


DIALECT = Dialect(write=write, read=read, reader=PassingReader)
