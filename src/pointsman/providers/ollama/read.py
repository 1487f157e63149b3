"""From Ollama's whole replies to OpenAI's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import NOT_JSON
from pointsman.providers.values import count
from pointsman.providers.vectors import embedded


class Function(msgspec.Struct, gc=False):
    name: str
    arguments: Any = None


class ToolCall(msgspec.Struct, gc=False):
    function: Function
    id: str | None = None


class Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCall] | None = None


class Reply(msgspec.Struct, gc=False):
    """A reply of /api/chat or /api/generate; in a stream, one line of it."""

    model: str | None = None
    created_at: str | None = None
    message: Message | None = None
    response: str | None = None
    thinking: str | None = None
    done: bool | None = False
    done_reason: str | None = None
    prompt_eval_count: Any = 0
    eval_count: Any = 0
    error: Any = None


class Embedded(msgspec.Struct, gc=False):
    embeddings: list[list[float]]
    model: str | None = None
    prompt_eval_count: Any = 0


_decode_reply = msgspec.json.Decoder(Reply).decode
_decode_embedded = msgspec.json.Decoder(Embedded).decode
_encode = msgspec.json.Encoder().encode


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered)
    try:
        if request.endpoint == "embeddings":
            found = _decode_embedded(answered.body)
            return embedded(request, found.model or model, found.embeddings, count(found.prompt_eval_count))
        reply = _decode_reply(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a reply")
    if reply.error is not None:
        return inside(answered.body, ERROR_INSIDE)
    if not reply.done:
        return Refusal(FailureKind.GARBAGE, "status 200 with a reply that is not done", 200)
    return _completion(request, model, reply)


def usage_of(reply: Reply) -> Usage:
    prompt, completion = count(reply.prompt_eval_count), count(reply.eval_count)
    return Usage(prompt, completion, prompt + completion)


def created(moment: str | None) -> int:
    """Unix seconds of an RFC 3339 time with any number of fractional digits; 0 if there is none."""
    head, _, tail = (moment or "").partition(".")
    zone = tail.lstrip("0123456789")
    try:
        return max(int(datetime.fromisoformat((head + zone) or "-").timestamp()), 0)
    except (ValueError, OverflowError):
        return 0


def finish_reason(reply: Reply, called: bool) -> str:
    if called:
        return "tool_calls"
    return "length" if reply.done_reason == "length" else "stop"


def tool_calls(request: Request, calls: list[ToolCall], start: int = 0) -> list[dict[str, Any]]:
    """Ollama's calls as OpenAI's: arguments as text, ids made from the request's when there are none."""
    return [
        {
            "index": index,
            "id": call.id or f"call_{request.id[-12:]}{index}",
            "type": "function",
            "function": {
                "name": call.function.name,
                "arguments": _encode(call.function.arguments or {}).decode(),
            },
        }
        for index, call in enumerate(calls, start)
    ]


def _completion(request: Request, model: str, reply: Reply) -> Understood:
    usage = usage_of(reply)
    if request.endpoint == "chat":
        message = reply.message or Message()
        shown: dict[str, Any] = {"role": "assistant", "content": message.content or ""}
        if message.thinking:
            shown["reasoning_content"] = message.thinking
        if message.tool_calls:
            shown["tool_calls"] = tool_calls(request, message.tool_calls)
            shown["content"] = message.content or None
        choice = {
            "index": 0,
            "message": shown,
            "logprobs": None,
            "finish_reason": finish_reason(reply, bool(message.tool_calls)),
        }
        kind, prefix = "chat.completion", "chatcmpl"
    else:
        text = reply.response or ""
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason(reply, False)}
        kind, prefix = "text_completion", "cmpl"
    body = {
        "id": f"{prefix}-{request.id}",
        "object": kind,
        "created": created(reply.created_at),
        "model": reply.model or model,
        "choices": [choice],
        "usage": usage,
    }
    return Understood(_encode(body), usage)
