"""Ollama's words to Ollama's servers: requests, answers and lines pass through as they came.

Written are ``model``, and what a deployment adds where the caller says nothing, in ``options`` too. Looked at are
usage, content, the end and errors.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Fields, Native, Request
from pointsman.providers.gathered import Lines
from pointsman.providers.ollama.write import format_of, spread
from pointsman.providers.passed import Passed, fields_in, figure_in, looked_into, speaks
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import ABSENT, NOT_JSON, there
from pointsman.providers.shapes import Dialect, Inexpressible
from pointsman.providers.verbatim import passed_on

TALKS = ("/api/chat", "/api/generate")


class _Reply(msgspec.Struct, gc=False):
    message: msgspec.Raw = ABSENT
    response: msgspec.Raw = ABSENT
    thinking: msgspec.Raw = ABSENT
    done: msgspec.Raw = ABSENT
    prompt_eval_count: msgspec.Raw = ABSENT
    eval_count: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
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
        reply = looked_into(_decode_reply, answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a reply")
    if speaks(reply.error):
        return inside(answered.body, ERROR_INSIDE)
    vectors = request.endpoint == "embeddings"
    whole = there(reply.embeddings) or there(reply.embedding) if vectors else bytes(reply.done) == b"true"
    if not whole:
        return Refusal(FailureKind.GARBAGE, "status 200 with a reply that is not done", 200)
    return Understood(answered.body, _usage(reply), request.stream, native=True)


def _usage(reply: _Reply) -> Usage:
    prompt, completion = figure_in(reply.prompt_eval_count), figure_in(reply.eval_count)
    return Usage(prompt, completion, prompt + completion)


class PassingReader(Passed):
    """Lines as they came, looked into."""

    gathers = Lines
    unit = "line"

    def _frame(self, frame: bytes) -> bytes:
        if not frame.strip():
            return frame
        try:
            reply = looked_into(_decode_reply, frame)
        except NOT_JSON:
            self.skipped += 1
            return b""
        if speaks(reply.error):
            if not self.finished:
                self.refusal = inside(frame, "an error inside the stream")
            return b""
        message = fields_in(reply.message)
        message.pop("role", None)
        if any(map(speaks, (reply.response, reply.thinking, *message.values()))):
            self._delta()
        if bytes(reply.done) == b"true" and not self.finished:
            self.usage = _usage(reply)
            self._end()
        return frame


DIALECT = Dialect(write=write, read=read, reader=PassingReader)
