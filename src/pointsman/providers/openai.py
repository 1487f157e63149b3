"""OpenAI's wire format, spoken by OpenAI, vLLM, llama.cpp's servers and most others.

Requests and replies pass through: only ``model`` and what a deployment adds is written, only usage, content, finish
and errors are looked at. A body is never rebuilt from what we understood of it: its fields' values go on as they came,
and so does all between them unless a field is taken out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Answered, Refusal, Understood, WireRequest
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request, Spelt
from pointsman.providers.letters import check_text, whole_letters
from pointsman.providers.profiles import PATHS
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import ABSENT, NOT_JSON, there
from pointsman.providers.shapes import Dialect, choices_of, takes_task, versioned
from pointsman.providers.sse import SseReader
from pointsman.providers.verbatim import with_model

_encode = msgspec.json.Encoder().encode


class _Uncounted(msgspec.Struct, gc=False):
    error: msgspec.Raw = ABSENT
    choices: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT


class _Reply(_Uncounted, gc=False):
    usage: Usage | None = None


_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_uncounted = msgspec.json.Decoder(_Uncounted).decode


def write(request: Request, deployment: Deployment, model: str) -> WireRequest:
    body = request.body
    if "task" in body and not takes_task(deployment.provider):
        body = {name: value for name, value in body.items() if name != "task"}
    path = _paths(deployment.provider.base_url)[request.endpoint]
    if type(body) is Spelt:
        return WireRequest(path, with_model(body, deployment.params, model))
    fields: dict[str, Any] = {**deployment.params, **body} if deployment.params else body.copy()
    fields["model"] = model
    return WireRequest(path, _encode(fields))


@lru_cache(1024)
def _paths(base_url: str) -> dict[str, str]:
    return {endpoint: versioned(base_url, path) for endpoint, path in PATHS.items()}


def read(request: Request, _model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered)
    try:
        check_text(answered.body)
        try:
            reply = _decode_reply(answered.body)
        except msgspec.DecodeError:
            reply = _strange_reply(whole_letters(answered.body))
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a JSON object")
    if reply.error is not ABSENT and there(reply.error):
        return inside(answered.body, ERROR_INSIDE)
    if not there(reply.data if request.endpoint == "embeddings" else reply.choices):
        return no_answer(answered.body, "without an answer inside")
    return Understood(answered.body, reply.usage or NO_USAGE)


def _strange_reply(body: bytes) -> _Reply:
    """Raises one of NOT_JSON."""
    try:
        return _decode_reply(body)
    except msgspec.ValidationError:  # figures that make no sense are not believed; the answer still is one
        known = _decode_uncounted(body)
        return _Reply(known.error, known.choices, known.data)


def reader(request: Request, _model: str) -> SseReader:
    return SseReader(choices_of(request))


DIALECT = Dialect(write=write, read=read, reader=reader)
