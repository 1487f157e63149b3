"""From ``/v1/responses`` to a chat request. What chat completions have no words for is told by name, not left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pointsman.errors import InvalidBody
from pointsman.fronts.fields import a_text, an_object, look_into, raw_fields
from pointsman.fronts.responses.conversation import Lost, messages
from pointsman.fronts.shapes import Asked
from pointsman.model.request import Fields

SAME = ("model", "stream", "temperature", "top_p", "parallel_tool_calls", "user", "top_logprobs")
"""Fields that mean the same."""

WISHES = frozenset(
    {"metadata", "store", "service_tier", "truncation", "safety_identifier", "prompt_cache_key", "task",
     "prompt_cache_retention", "stream_options", "max_tool_calls"}
)  # fmt: skip
"""Fields that concern OpenAI's service alone: the answer is one without."""

LOGPROBS = "message.output_text.logprobs"
"""What of ``include`` is about the answer's own text."""

CHOICES = frozenset({"auto", "none", "required"})

Out = dict[str, Any]


def read(fields: Fields, _headers: Mapping[bytes, bytes]) -> Asked:
    """Raises InvalidBody."""
    body, lost = look_into(fields, KNOWN, (*SAME, *WISHES))
    out: Out = {name: fields[name] for name in SAME if name in fields}
    if "input" not in fields and ELSEWHERE.isdisjoint(fields):
        raise InvalidBody("the request body has no input", param="input")
    try:
        said = body.get("input", [])
        out["messages"] = [] if LISTED & lost.keys() else messages(body.get("instructions"), said)
    except Lost as what:
        lost["input"] = str(what)
        out["messages"] = []
    for name, write in FIELDS.items():
        value = body.get(name)
        missing = None if value is None else write(value, out)
        if missing is not None:
            lost[name] = missing
    if "top_logprobs" in out or LOGPROBS in _included(body.get("include")):
        out["logprobs"] = True
    if out.get("stream") is not None and bytes(out["stream"]) == b"true":
        out["stream_options"] = {"include_usage": True}
    return Asked("chat", raw_fields(out), lost)


def _included(value: Any) -> list[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise InvalidBody("include must be a list of texts", param="include")
    return value or []


# Each writes a field into ``out``. Returned is what of it can't be said ("" for all of it), None if all was.


def _limit(value: Any, out: Out) -> None:
    out["max_tokens"] = value


def _reasoning(value: Any, out: Out) -> None:
    effort = a_text(an_object(value, "reasoning").get("effort"), "reasoning.effort")
    if effort:
        out["reasoning_effort"] = effort


def _tools(value: Any, out: Out) -> str | None:
    if not isinstance(value, list):
        raise InvalidBody("tools must be a list", param="tools")
    for tool in value:
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind != "function":
            return f"tools of type {str(kind)[:64]!r}"
        if not isinstance(tool.get("name"), str):
            raise InvalidBody("tools: a function has a name", param="tools")
    if value:
        out["tools"] = [_tool(tool) for tool in value]
    return None


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    told = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {name: tool[name] for name in told if tool.get(name) is not None}}


def _choice(value: Any, out: Out) -> str | None:
    if isinstance(value, str) and value in CHOICES:
        out["tool_choice"] = value
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "function" and isinstance(value.get("name"), str):
        out["tool_choice"] = {"type": "function", "function": {"name": value["name"]}}
        return None
    return f"a choice of type {str(kind)[:64]!r}"


def _text(value: Any, out: Out) -> str | None:
    form = an_object(an_object(value, "text").get("format"), "text.format")
    kind = form.get("type", "text")
    if kind == "json_object":
        out["response_format"] = {"type": kind}
    elif kind == "json_schema":
        said = {name: form[name] for name in ("name", "description", "schema", "strict") if form.get(name) is not None}
        out["response_format"] = {"type": kind, "json_schema": said}
    elif kind != "text":
        return f"a format of type {str(kind)[:64]!r}"
    return None


FIELDS: dict[str, Callable[[Any, Out], str | None]] = {
    "max_output_tokens": _limit,
    "reasoning": _reasoning,
    "tools": _tools,
    "tool_choice": _choice,
    "text": _text,
}

LISTED = frozenset({"instructions", "input"})
KNOWN = frozenset({*FIELDS, *LISTED, "include"})
"""Fields that are looked into."""

ELSEWHERE = frozenset({"previous_response_id", "prompt", "conversation"})
"""Fields that say where the input is, if it is not in the request."""
