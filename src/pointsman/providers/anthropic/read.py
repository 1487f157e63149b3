"""From Anthropic's whole replies to OpenAI's."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Answered, Refusal, Understood
from pointsman.model.outcome import PromptDetails, Usage
from pointsman.model.request import Request
from pointsman.providers.refusals import ERROR_INSIDE, inside, no_answer, refusal
from pointsman.providers.said import NOT_JSON
from pointsman.providers.values import count

REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's reason to stop -> OpenAI's."""

KINDS = {"chat": ("chat.completion", "chatcmpl"), "completions": ("text_completion", "cmpl")}


class Counts(msgspec.Struct, gc=False):
    input_tokens: Any = None
    cache_creation_input_tokens: Any = None
    cache_read_input_tokens: Any = None
    output_tokens: Any = None
    output_tokens_details: Any = None
    cache_creation: Any = None


class Block(msgspec.Struct, gc=False):
    """One part of an answer; what it has depends on its type."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: Any = None
    data: Any = None
    id: str | None = None
    name: str | None = None
    input: Any = None


class Message(msgspec.Struct, gc=False):
    content: list[Block]
    type: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Counts | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


def read(request: Request, model: str, answered: Answered) -> Understood | Refusal:
    message = read_message(answered)
    if isinstance(message, Refusal):
        return message
    counts = message.usage or Counts()
    chat = request.endpoint == "chat"
    kind, prefix = KINDS[request.endpoint]
    said: dict[str, Any] = {"message": _message(message)} if chat else {"text": _text(message, "text")}
    body = {
        "id": f"{prefix}-{request.id}",
        "object": kind,
        "created": int(request.at),
        "model": message.model or model,
        "choices": [{"index": 0, **said, "logprobs": None, "finish_reason": finish_reason(message.stop_reason)}],
        "usage": usage_told(counts),
    }
    return Understood(_encode(body), usage_of(counts))


def read_message(answered: Answered) -> Message | Refusal:
    if answered.status != 200:
        return refusal(answered)
    try:
        message = _decode(answered.body)
    except NOT_JSON:
        return no_answer(answered.body, "with a body that is not a message")
    if message.error is not None or message.type == "error":
        return inside(answered.body, ERROR_INSIDE)
    return message


def usage_of(counts: Counts) -> Usage:
    """All tokens that were read count, from a cache or not."""
    read_in = (counts.input_tokens, counts.cache_creation_input_tokens, counts.cache_read_input_tokens)
    prompt, completion = sum(map(count, read_in)), count(counts.output_tokens)
    cached, written = count(counts.cache_read_input_tokens), count(counts.cache_creation_input_tokens)
    details = PromptDetails(cached)
    if written:
        kept = counts.cache_creation
        hour = count(kept.get("ephemeral_1h_input_tokens")) if isinstance(kept, dict) else 0
        details = PromptDetails(cached, written, hour_tokens=hour)
    return Usage(prompt, completion, prompt + completion, details)


def usage_told(counts: Counts) -> dict[str, Any]:
    """The same for the caller, with what came from a cache and what was thought."""
    usage = usage_of(counts)
    told: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
    if usage.written_tokens:
        told["prompt_tokens_details"]["cache_creation_tokens"] = usage.written_tokens
    details = counts.output_tokens_details
    if isinstance(details, dict) and "thinking_tokens" in details:
        told["completion_tokens_details"] = {"reasoning_tokens": count(details["thinking_tokens"])}
    return told


def finish_reason(reason: str | None) -> str:
    return REASONS.get(reason or "", "stop")


def tool_call(block: Block, index: int, arguments: str) -> dict[str, Any]:
    return {
        "index": index,
        "id": block.id or "",
        "type": "function",
        "function": {"name": block.name or "", "arguments": arguments},
    }


def thought(block: Block) -> dict[str, Any] | None:
    """A block of thoughts as the caller may send it back; None for any other, and for what nobody could check."""
    if block.type == "thinking" and block.signature:
        return {"type": block.type, "thinking": block.thinking or "", "signature": block.signature}
    return {"type": block.type, "data": block.data} if block.type == "redacted_thinking" and block.data else None


def _message(message: Message) -> dict[str, Any]:
    text = _text(message, "text")
    shown: dict[str, Any] = {"role": "assistant", "content": text}
    thoughts = _text(message, "thinking")
    if thoughts:
        shown["reasoning_content"] = thoughts
    signed = [block for block in map(thought, message.content) if block is not None]
    if signed:
        shown["thinking_blocks"] = signed
    used = [block for block in message.content if block.type == "tool_use"]
    if used:
        shown["content"] = text or None
        shown["tool_calls"] = [
            tool_call(block, index, _encode(block.input or {}).decode()) for index, block in enumerate(used)
        ]
    return shown


def _text(message: Message, kind: str) -> str:
    return "".join([getattr(block, kind) or "" for block in message.content if block.type == kind])
