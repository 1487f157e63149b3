"""From whole replies of Converse to OpenAI's, and from AWS's errors to what they mean."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import PromptDetails, Usage
from pointsman.model.request import Request
from pointsman.providers.bedrock.embeddings import read_embeddings
from pointsman.providers.refusals import no_answer, refusal
from pointsman.providers.said import NOT_JSON
from pointsman.providers.values import count

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""Converse's reason to stop -> OpenAI's."""

HOUR = "1h"
"""How long some tokens are kept in a cache; others are kept for minutes."""

KINDS = {"chat": ("chat.completion", "chatcmpl"), "completions": ("text_completion", "cmpl")}


class Counts(msgspec.Struct, gc=False, rename="camel"):
    """``input_tokens`` are those that no cache had to do with."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_write_input_tokens: Any = None
    cache_details: Any = None


class Call(msgspec.Struct, gc=False, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Any = None


class Spoken(msgspec.Struct, gc=False):
    text: str = ""


class Thought(msgspec.Struct, gc=False):
    """``signature`` tells the model that it is its own."""

    text: str = ""
    signature: str | None = None


class Reasoning(msgspec.Struct, gc=False, rename="camel"):
    reasoning_text: Thought | None = None
    redacted_content: str | None = None


class Cited(msgspec.Struct, gc=False):
    """A text with its sources: the text is told."""

    content: list[Spoken] = []


class Block(msgspec.Struct, gc=False, rename="camel"):
    """One part of an answer: one of these is there, or something that OpenAI has no word for."""

    text: str | None = None
    tool_use: Call | None = None
    reasoning_content: Reasoning | None = None
    citations_content: Cited | None = None


class Message(msgspec.Struct, gc=False):
    content: list[Block] = []


class Output(msgspec.Struct, gc=False):
    message: Message


class Reply(msgspec.Struct, gc=False, rename="camel"):
    output: Output
    stop_reason: str | None = None
    usage: Counts | None = None


_decode = msgspec.json.Decoder(Reply).decode
_encode = msgspec.json.Encoder().encode


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    if answered.status != 200:
        return refusal(answered, error_type(answered))
    try:
        if request.endpoint == "embeddings":
            return read_embeddings(request, model, answered)
        reply = _decode(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a reply")
    counts = reply.usage or Counts()
    blocks = reply.output.message.content
    chat = request.endpoint == "chat"
    kind, prefix = KINDS[request.endpoint]
    said: dict[str, Any] = {"message": _message(blocks)} if chat else {"text": _text(blocks)}
    body = {
        "id": f"{prefix}-{request.id}",
        "object": kind,
        "created": int(request.at),
        "model": model,
        "choices": [{"index": 0, **said, "logprobs": None, "finish_reason": finish_reason(reply.stop_reason)}],
        "usage": usage_told(counts),
    }
    return Understood(_encode(body), usage_of(counts))


def error_type(answered: Answered) -> str:
    """What AWS calls the error: ``ThrottlingException``, which may be followed by a place; empty if it does not say."""
    told = answered.header(b"x-amzn-errortype") or b""
    return told.partition(b":")[0].decode("latin-1")


def usage_of(counts: Counts) -> Usage:
    """All tokens that were read count, from a cache or not."""
    cached, written = count(counts.cache_read_input_tokens), count(counts.cache_write_input_tokens)
    prompt, completion = count(counts.input_tokens) + cached + written, count(counts.output_tokens)
    details = PromptDetails(cached)
    if written:
        details = PromptDetails(cached, written, hour_tokens=_for_an_hour(counts.cache_details))
    return Usage(prompt, completion, prompt + completion, details)


def _for_an_hour(details: Any) -> int:
    """How many tokens are kept in the cache for so long."""
    kept = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    return sum(count(each.get("inputTokens")) for each in kept if each.get("ttl") == HOUR)


def usage_told(counts: Counts) -> dict[str, Any]:
    """The same for the caller."""
    usage = usage_of(counts)
    details = {"cached_tokens": usage.cached_tokens}
    if usage.written_tokens:
        details["cache_creation_tokens"] = usage.written_tokens
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": details,
    }


def finish_reason(reason: str | None) -> str:
    return REASONS.get(reason or "", "stop")


def tool_call(call: Call, index: int, arguments: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": arguments}
    return {"index": index, "id": call.tool_use_id, "type": "function", "function": function}


def signed(text: str, signature: str) -> dict[str, Any]:
    """A thought as the caller may send it back."""
    return {"type": "thinking", "thinking": text, "signature": signature}


def redacted(data: str) -> dict[str, Any]:
    """Likewise, of one that nobody may read."""
    return {"type": "redacted_thinking", "data": data}


def _message(blocks: list[Block]) -> dict[str, Any]:
    text = _text(blocks)
    shown: dict[str, Any] = {"role": "assistant", "content": text}
    reasons = [block.reasoning_content for block in blocks if block.reasoning_content is not None]
    thoughts = "".join([each.reasoning_text.text for each in reasons if each.reasoning_text is not None])
    if thoughts:
        shown["reasoning_content"] = thoughts
    kept = [block for block in map(_kept, reasons) if block is not None]
    if kept:
        shown["thinking_blocks"] = kept
    calls = [block.tool_use for block in blocks if block.tool_use is not None]
    if calls:
        shown["content"] = text or None
        shown["tool_calls"] = [
            tool_call(call, index, _encode(call.input or {}).decode()) for index, call in enumerate(calls)
        ]
    return shown


def _kept(reasoning: Reasoning) -> dict[str, Any] | None:
    """What of it can be sent back: the model's servers check that."""
    said = reasoning.reasoning_text
    if said is not None and said.signature:
        return signed(said.text, said.signature)
    return redacted(reasoning.redacted_content) if reasoning.redacted_content else None


def _text(blocks: list[Block]) -> str:
    texts = []
    for block in blocks:
        if block.text is not None:
            texts.append(block.text)
        elif block.citations_content is not None:
            texts += [spoken.text for spoken in block.citations_content.content]
    return "".join(texts)
