"""From Triton's whole replies to OpenAI's: of ``generate`` and of ``infer``, told apart by what they have."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.frames import payload_of
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import NOT_JSON
from pointsman.providers.triton.tensors import Output, text_of, vectors_of
from pointsman.providers.values import count, packed

GAVE_UP = frozenset({"abort", "error"})
"""Finish reasons of an answer that was not finished."""

BOUNDS = ("max_completion_tokens", "max_tokens")

PROBABILITIES = ("cum_log_probs", "output_log_probs", "cumulative_logprob")
"""Outputs that are passed on to who asks for them by Triton's own words."""

ASKS = ("return_log_probs", "return_cumulative_logprob")

NONE = msgspec.Raw()

PER_TOKEN = 4
"""Characters, about, where nobody counts tokens."""


class Reply(msgspec.Struct, gc=False):
    """A reply of ``generate``, or one frame of ``generate_stream``; ``outputs`` is that of ``infer``."""

    text_output: str | list[str] | None = None
    model_name: str = ""
    finish_reason: str | list[str] | None = None
    num_input_tokens: Any = None
    num_output_tokens: Any = None
    cum_log_probs: msgspec.Raw = NONE
    output_log_probs: msgspec.Raw = NONE
    cumulative_logprob: msgspec.Raw = NONE
    outputs: list[Output] | None = None
    error: Any = None

    @property
    def text(self) -> str:
        """What is said; of several sequences the first."""
        text = self.text_output
        return text if isinstance(text, str) else text[0] if text else ""

    @property
    def reason(self) -> str:
        """Why it ended; ``None`` is vLLM's word for an answer that goes on, empty is no word at all."""
        reason = self.finish_reason
        return reason if isinstance(reason, str) else reason[0] if reason else ""


_decode = msgspec.json.Decoder(Reply).decode
_decode_bound = msgspec.json.Decoder(int | None).decode
_encode = msgspec.json.Encoder().encode


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(_unframed(answered))
    try:
        reply = _decode(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a reply")
    if reply.error is not None:
        return inside(answered.body, ERROR_INSIDE)
    return (_embeddings if request.endpoint == "embeddings" else _completion)(request, model, reply)


def _unframed(answered: Answered) -> Answered:
    """An error as it is: where it was the first word of a stream it stands in a frame."""
    payload = payload_of(answered.body) if answered.body.startswith(b"data:") else None
    return answered if payload is None else msgspec.structs.replace(answered, body=payload)


def usage_of(request: Request, prompt: Any, completion: Any, guess: int) -> Usage:
    """As far as it is told; where it is not, the request's own estimate and a ``guess``."""
    told = count(prompt), count(completion)
    if told[0] and completion is not None:
        return Usage(*told, sum(told))
    figures = told[0] or request.tokens, told[1] or guess
    return Estimate(*figures, sum(figures))


def first(figure: Any) -> Any:
    """A figure alone, or the first of those of several sequences."""
    return figure[0] if isinstance(figure, list) and figure else figure


def limit_of(request: Request) -> int | None:
    """How many tokens the caller lets an answer have, if he says."""
    for name in BOUNDS:
        raw = request.body.get(name)
        try:
            bound: int | None = _decode_bound(raw) if raw is not None else None
        except NOT_JSON:
            continue
        if bound is not None:
            return bound
    return None


def finish_reason(told: str, tokens: int, limit: int | None) -> str:
    """As it is told; else by the number of tokens: who used up what was allowed did not end by himself."""
    if told in ("stop", "length"):
        return told
    return "length" if limit is not None and tokens >= limit > 0 else "stop"


def asks_probabilities(request: Request) -> bool:
    return any(name in request.body for name in ASKS)


def probabilities(reply: Reply) -> dict[str, msgspec.Raw]:
    told = {name: getattr(reply, name) for name in PROBABILITIES}
    return {name: value for name, value in told.items() if bytes(value)}


def _completion(request: Request, model: str, reply: Reply) -> Understood | Refusal:
    if reply.outputs is not None:
        reply.text_output = text_of(reply.outputs)
    if reply.text_output is None:
        return Refusal(FailureKind.GARBAGE, "status 200 without a text inside", 200)
    if reply.reason in GAVE_UP:
        return Refusal(FailureKind.SERVER_ERROR, f"status 200 with an answer that ended with {reply.reason!r}", 200)
    text = reply.text
    completion = first(reply.num_output_tokens)
    usage = usage_of(request, first(reply.num_input_tokens), completion, -(-len(text) // PER_TOKEN))
    chat = request.endpoint == "chat"
    said: dict[str, Any] = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
    reason = finish_reason(reply.reason, count(completion), limit_of(request))
    more = probabilities(reply) if asks_probabilities(request) else {}
    body = {
        "id": f"{'chatcmpl' if chat else 'cmpl'}-{request.id}",
        "object": "chat.completion" if chat else "text_completion",
        "created": int(request.at),
        "model": reply.model_name or model,
        "choices": [{"index": 0, **said, "logprobs": None, "finish_reason": reason, **more}],
        "usage": usage,
    }
    return Understood(_encode(body), usage)


def _embeddings(request: Request, model: str, reply: Reply) -> Understood | Refusal:
    vectors = vectors_of(reply.outputs or [], _texts_of(request))
    if vectors is None:
        return Refusal(FailureKind.GARBAGE, "status 200 without an output that has a vector a text", 200)
    raw = request.body.get("encoding_format")
    in_base64 = raw is not None and bytes(raw) == b'"base64"'
    try:
        data = [
            {"object": "embedding", "index": index, "embedding": packed(vector) if in_base64 else vector}
            for index, vector in enumerate(vectors)
        ]
    except (TypeError, OverflowError):
        return Refusal(FailureKind.GARBAGE, "status 200 with a vector that has more than numbers", 200)
    usage = Estimate(request.tokens, 0, request.tokens)
    shown = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.total_tokens}
    body = {"object": "list", "data": data, "model": reply.model_name or model, "usage": shown}
    return Understood(_encode(body), usage)


def _texts_of(request: Request) -> int:
    """How many texts were sent."""
    try:
        given = msgspec.json.decode(request.body["input"])
    except (KeyError, *NOT_JSON):
        return 0
    return len(given) if isinstance(given, list) else 1
