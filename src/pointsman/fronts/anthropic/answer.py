"""From an OpenAI-shaped answer to Anthropic's message."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.fronts.chunks import NOTHING, Call, Choice, Said, read_answer
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request

REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
"""OpenAI's reason to finish -> Anthropic's."""

UNSIGNED = ""
"""The signature of thoughts that another provider had; ``providers/anthropic/native`` takes them out again."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def whole(request: Request, body: bytes, _watch: Watch) -> bytes:
    answer = read_answer(body)
    choice = (answer.choices or [Choice()])[0]
    said = choice.message or Said()
    content: list[dict[str, Any]] = []
    if said.thought:
        content.append({"type": "thinking", "thinking": said.thought, "signature": UNSIGNED})
    text = said.text or said.declined
    calls = said.tool_calls or []
    if text or not calls:
        content.append({"type": "text", "text": text})
    content += [_used(request, number, call) for number, call in enumerate(calls)]
    return _encode(
        {
            **opening(request, answer.model),
            "content": content,
            **ending(choice, called=bool(calls), refused=bool(said.declined)),
            "usage": usage_told(answer.counted or NO_USAGE),
        }
    )


def opening(request: Request, model: Any) -> dict[str, Any]:
    """The first fields of a message."""
    name = model if isinstance(model, str) else request.model or ""
    return {"id": f"msg_{request.id}", "type": "message", "role": "assistant", "model": name}


def ending(choice: Choice, *, called: bool, refused: bool) -> dict[str, Any]:
    """Why it stops. vLLM tells the text that it stopped at; some servers say "stop" behind a call."""
    reason = REASONS.get(str(choice.finish_reason), "end_turn")
    at = choice.stop_reason
    if reason == "end_turn":
        if refused:
            reason = "refusal"
        elif called:
            reason = "tool_use"
        elif isinstance(at, str):
            return {"stop_reason": "stop_sequence", "stop_sequence": at}
    return {"stop_reason": reason, "stop_sequence": None}


def usage_told(usage: Usage) -> dict[str, int]:
    """Anthropic counts what came from a cache apart, and what was put into it."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    written = min(usage.written_tokens, usage.prompt_tokens - cached)
    return {
        "input_tokens": usage.prompt_tokens - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.completion_tokens,
    }


def call_id(request: Request, number: int, call: Call) -> str:
    """What the call is called by its result; one of our own where the server says none."""
    return call.id if isinstance(call.id, str) and call.id else f"toolu_{request.id}_{number}"


def _used(request: Request, number: int, call: Call) -> dict[str, Any]:
    arguments = (call.function or NOTHING).arguments
    ident = call_id(request, number, call)
    return {"type": "tool_use", "id": ident, "name": call.name, "input": _input(arguments)}


def _input(arguments: Any) -> Any:
    """What a tool is called with: OpenAI tells it as a text of JSON. What is none is handed on as the text it is."""
    if not isinstance(arguments, str):
        return arguments or {}
    if not arguments.strip():
        return {}
    try:
        found = _decode(arguments)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"arguments": arguments}
    return found if isinstance(found, dict) else {"arguments": found}
