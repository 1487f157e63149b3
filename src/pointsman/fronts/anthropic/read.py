"""From ``/v1/messages`` to an OpenAI-shaped request. What OpenAI has no words for is told by name, not left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.fronts.anthropic.conversation import Lost, messages
from pointsman.fronts.fields import a_text, an_object, look_into, raw_fields
from pointsman.fronts.shapes import Asked
from pointsman.model.request import Fields

SAME = ("model", "max_tokens", "stream", "temperature", "top_p", "top_k")
"""Fields that mean the same; vLLM, llama.cpp, Ollama and others take ``top_k``."""

WISHES = frozenset({"service_tier", "context_management", "inference_geo", "speed", "task"})
"""Fields that concern Anthropic's service alone: the answer is one without."""

EFFORTS = ((2048, "low"), (8192, "medium"))
"""Tokens to think with, up to and including -> OpenAI's effort; more is high."""

CHOICES = {"auto": "auto", "any": "required", "none": "none"}

FORWARDED = (b"anthropic-beta",)
"""Headers that change what Anthropic's servers do with a request."""

Out = dict[str, Any]


def read(fields: Fields, headers: Mapping[bytes, bytes]) -> Asked:
    """Raises InvalidBody."""
    body, lost = look_into(fields, KNOWN, (*SAME, *WISHES))
    out: Out = {name: fields[name] for name in SAME if name in fields}
    try:
        out["messages"] = [] if LISTED & lost.keys() else messages(body.get("system"), body.get("messages"))
    except Lost as what:
        lost["messages"] = str(what)
        out["messages"] = []
    for name, write in FIELDS.items():
        value = body.get(name)
        said = None if value is None else write(value, out)
        if said is not None:
            lost[name] = said
    _user(body.get("metadata"), out)
    if out.get("stream") is not None and bytes(out["stream"]) == b"true":
        out["stream_options"] = {"include_usage": True}
    more = b"".join(b"%b: %b\r\n" % (name, headers[name]) for name in FORWARDED if name in headers)
    return Asked("chat", raw_fields(out), lost, more)


def read_count(fields: Fields, headers: Mapping[bytes, bytes]) -> Asked:
    """The same of which only the tokens are asked for: nothing that it says can't be guessed. Raises InvalidBody."""
    asked = read(fields, headers)
    return msgspec.structs.replace(asked, endpoint="count_tokens", lost={})


def _user(metadata: Any, out: Out) -> None:
    user = a_text(an_object(metadata, "metadata").get("user_id"), "metadata.user_id")
    if user:
        out["user"] = user


# Each writes a field into ``out``. Returned is what of it can't be said ("" for all of it), None if all was.


def _stop(value: Any, out: Out) -> str | None:
    out["stop"] = value
    return None


def _tools(value: Any, out: Out) -> str | None:
    if not isinstance(value, list):
        raise InvalidBody("tools must be a list", param="tools")
    for tool in value:
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in (None, "custom"):
            return f"tools of type {str(kind)[:64]!r}"
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
            raise InvalidBody("tools: each is an object with a name", param="tools")
    if value:
        out["tools"] = [_tool(tool) for tool in value]
    return None


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool["name"]}
    if tool.get("description") is not None:
        function["description"] = tool["description"]
    function["parameters"] = tool.get("input_schema") or {"type": "object", "properties": {}}
    if tool.get("strict") is not None:
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}


def _choice(value: Any, out: Out) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "tool" and isinstance(value.get("name"), str):
        out["tool_choice"] = {"type": "function", "function": {"name": value["name"]}}
    elif isinstance(kind, str) and kind in CHOICES:
        out["tool_choice"] = CHOICES[kind]
    else:
        raise InvalidBody(
            "tool_choice is an object whose type is auto, any, tool (with a name) or none", param="tool_choice"
        )
    if value.get("disable_parallel_tool_use") is True:
        out["parallel_tool_calls"] = False
    return None


def _thinking(value: Any, out: Out) -> str | None:
    """A number of tokens is an effort; a model that decides itself decides itself."""
    thinking = an_object(value, "thinking")
    if a_text(thinking.get("type"), "thinking.type") == "enabled":
        tokens = thinking.get("budget_tokens", 0)
        if not isinstance(tokens, int):
            raise InvalidBody("thinking.budget_tokens must be a whole number", param="thinking")
        out.setdefault("reasoning_effort", next((word for most, word in EFFORTS if tokens <= most), "high"))
    return None


def _output(value: Any, out: Out) -> str | None:
    config = an_object(value, "output_config")
    effort = a_text(config.get("effort"), "output_config.effort")
    if effort:
        out["reasoning_effort"] = effort
    if config.get("format") is None:
        return None
    form = an_object(config["format"], "output_config.format")
    if form.get("type") != "json_schema":
        return f"a format of type {str(form.get('type'))[:64]!r}"
    schema = {
        "name": form.get("name", "answer"),
        "schema": an_object(form.get("schema"), "output_config.format.schema"),
    }
    if form.get("strict") is not None:
        schema["strict"] = form["strict"]
    out["response_format"] = {"type": "json_schema", "json_schema": schema}
    return None


def _nothing(_value: Any, _out: Out) -> None:
    """A mark for the cache."""


FIELDS: dict[str, Callable[[Any, Out], str | None]] = {
    "stop_sequences": _stop,
    "tools": _tools,
    "tool_choice": _choice,
    "thinking": _thinking,
    "output_config": _output,
    "cache_control": _nothing,
}

LISTED = frozenset({"system", "messages"})
KNOWN = frozenset({*FIELDS, *LISTED, "metadata"})
"""Fields that are looked into."""
