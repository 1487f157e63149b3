"""A response and the items of its output, in OpenAI's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.mock.chat import THOUGHT, call_id

if TYPE_CHECKING:
    from pointsman.mock.flavour import Work

Item = dict[str, Any]

ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What a response repeats of its request, and what it says where nothing was asked."""


def response_id(work: Work) -> str:
    return f"resp_{work.seed}"


def beginning(work: Work, fields: dict[str, Any]) -> Item:
    """A response of which nothing is said yet."""
    return {
        "id": response_id(work),
        "object": "response",
        "created_at": work.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": work.asked.model,
        "output": [],
        "usage": None,
        **{name: usual if fields.get(name) is None else fields[name] for name, usual in ECHOED.items()},
    }


def ended(work: Work, begun: Item, output: list[Item]) -> Item:
    """The same, all of it said."""
    cut = work.said[0].finish == "length"
    return {
        **begun,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "usage": _usage(work),
    }


def _usage(work: Work) -> dict[str, Any]:
    prompt, completion = work.asked.prompt_tokens, work.completion_tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": work.cached},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + completion,
    }


def thought(work: Work, *, summed_up: bool) -> Item:
    summary = [{"type": "summary_text", "text": THOUGHT}] if summed_up else []
    return {"id": f"rs_{work.seed}", "type": "reasoning", "summary": summary}


def text_part(text: str) -> Item:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def message(work: Work, parts: list[Item], status: str) -> Item:
    return {"id": f"msg_{work.seed}", "type": "message", "status": status, "role": "assistant", "content": parts}


def call(work: Work, number: int, arguments: str, status: str) -> Item:
    return {
        "id": f"fc_{work.seed[:28]}{number:02x}",
        "type": "function_call",
        "status": status,
        "call_id": call_id(work, 0, number),
        "name": work.said[0].calls[number].tool.name,
        "arguments": arguments,
    }
