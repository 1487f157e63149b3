"""From a chat completion to a response: thoughts, text and calls become items of its output."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.fronts.chunks import NOTHING, Call, Choice, Chunk, Said, read_answer
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE
from pointsman.model.request import Fields, Native, Request

ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""Fields of a request that its response repeats, and what stands there if the request says nothing."""

CUT_SHORT = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Reasons to finish that leave a response incomplete -> what that is called."""

_encode = msgspec.json.Encoder().encode

Item = dict[str, Any]


def whole(request: Request, body: bytes, watch: Watch) -> bytes:
    answer = read_answer(body)
    choice = (answer.choices or [Choice()])[0]
    said = choice.message or Said()
    output = [] if not said.thought else [thought(request, said.thought)]
    calls = said.tool_calls or []
    if said.text or said.declined or not calls:
        parts = [text_part(said.text, logprobs(choice))] if said.text or not said.declined else []
        output.append(message(request, [*parts, *([refusal_part(said.declined)] if said.declined else [])]))
    output += [called(request, number, call) for number, call in enumerate(calls)]
    head = opening(request, answer.model, answer.created, watch)
    return _encode({**head, **ending(choice.finish_reason), "output": output, "usage": usage_told(answer)})


def opening(request: Request, model: Any, created: Any, watch: Watch) -> Item:
    """What is known of a response before it begins. Its fields come in any order. ``created`` is the provider's time,
    in Unix seconds; one that tells none tells it now.
    """
    asked = request.native.fields if isinstance(request.native, Native) else Fields()
    return {
        "id": f"resp_{request.id}",
        "object": "response",
        "created_at": created if type(created) is int and created > 0 else int(watch.now()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": model if isinstance(model, str) else request.model or "",
        "output": [],
        "store": False,
        "usage": None,
        **{name: asked.get(name, usual) for name, usual in ECHOED.items()},
    }


def ending(reason: Any) -> Item:
    """Whether a response is complete, and if not, why."""
    cut = CUT_SHORT.get(str(reason))
    return {
        "status": "completed" if cut is None else "incomplete",
        "incomplete_details": None if cut is None else {"reason": cut},
    }


def thought(request: Request, text: str, status: str = "completed") -> Item:
    content = [{"type": "reasoning_text", "text": text}] if text else []
    return {"type": "reasoning", "id": f"rs_{request.id}", "summary": [], "content": content, "status": status}


def message(request: Request, parts: list[Item], status: str = "completed") -> Item:
    return {"type": "message", "id": f"msg_{request.id}", "status": status, "role": "assistant", "content": parts}


def text_part(text: str, logprobs: list[Any] | None = None) -> Item:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs or []}


def refusal_part(text: str) -> Item:
    return {"type": "refusal", "refusal": text}


def called(request: Request, number: int, call: Call, arguments: str | None = None, status: str = "completed") -> Item:
    """A call by its number; ``arguments`` if not those that it has itself."""
    told = (call.function or NOTHING).written if arguments is None else arguments
    ident = call.id if isinstance(call.id, str) and call.id else f"call_{request.id}_{number}"
    return {
        "type": "function_call",
        "id": f"fc_{request.id}_{number}",
        "call_id": ident,
        "name": call.name,
        "arguments": told,
        "status": status,
    }


def usage_told(answer: Chunk) -> dict[str, Any]:
    used = answer.counted or NO_USAGE
    return {
        "input_tokens": used.prompt_tokens,
        "input_tokens_details": {"cached_tokens": used.cached_tokens},
        "output_tokens": used.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.thought_tokens},
        "total_tokens": used.total_tokens or used.prompt_tokens + used.completion_tokens,
    }


def logprobs(choice: Choice) -> list[Any]:
    """What is said of each token of a text."""
    told = choice.logprobs.get("content") if isinstance(choice.logprobs, dict) else None
    return told if isinstance(told, list) else []
