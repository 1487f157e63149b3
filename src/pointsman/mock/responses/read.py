"""What a request of the Responses API says, in chat's words. Pure; raises Refused."""

from __future__ import annotations

from typing import Any

from pointsman.mock.message import Refused

Message = dict[str, Any]

ARGUMENTS = (
    "background conversation include input instructions max_output_tokens max_tool_calls metadata model "
    "parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning "
    "safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p "
    "truncation user"
)
KNOWN = frozenset(ARGUMENTS.split())

LEAST_OUTPUT = 16
"""Tokens: a lower ``max_output_tokens`` is refused."""

RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_logprobs": (0, 20),
    "max_output_tokens": (LEAST_OUTPUT, 10**9),
}


def read_input(value: Any) -> list[Message]:
    """The items as messages; those that tell what a model thought or looked up say nothing here."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if value is None:
        raise Refused(400, "Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    if not isinstance(value, list):
        raise _wrong("Invalid type for 'input': expected a string or a list.", "input")
    return [message for n, item in enumerate(value) for message in _item(item, f"input[{n}]")]


def _item(item: Any, where: str) -> list[Message]:
    if not isinstance(item, dict):
        raise _wrong(f"Invalid type for '{where}': expected an object.", where)
    kind = item.get("type", "message")
    if kind == "message":
        if not isinstance(item.get("role"), str):
            raise Refused(
                400,
                f"Missing required parameter: '{where}.role'.",
                param=f"{where}.role",
                code="missing_required_parameter",
            )
        return [{"role": item["role"], "content": item.get("content")}]
    if kind == "function_call":
        return [{"role": "assistant", "content": str(item.get("arguments"))}]
    if kind == "function_call_output":
        return [{"role": "tool", "content": item.get("output")}]
    if kind == "item_reference":
        raise Refused(404, f"Item with id '{item.get('id')}' not found.", param="input")
    return []


def read_functions(fields: dict[str, Any]) -> dict[str, Any]:
    """The functions and the choice among them, in chat's words; what OpenAI does itself is never called here."""
    tools = fields.get("tools")
    offered = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    for n, tool in enumerate(offered):
        if not isinstance(tool.get("type"), str):
            raise Refused(
                400,
                f"Missing required parameter: 'tools[{n}].type'.",
                param=f"tools[{n}].type",
                code="missing_required_parameter",
            )
    choice = fields.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") != "function":
        choice = "none"
    return {
        "tools": [{"function": tool} for tool in offered if tool["type"] == "function"],
        "tool_choice": choice,
        "parallel_tool_calls": fields.get("parallel_tool_calls"),
    }


def inside(fields: dict[str, Any], name: str, key: str) -> Any:
    """A field of an object that may not be there."""
    value = fields.get(name)
    return value.get(key) if isinstance(value, dict) else None


def _wrong(message: str, param: str) -> Refused:
    return Refused(400, message, param=param, code="invalid_type")
