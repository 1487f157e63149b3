"""What a request asks of a model, read once from any dialect's body into one shape. Pure; raises Refused."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.mock.message import Refused, Request
from pointsman.mock.words import estimate

PER_MESSAGE = 4
PER_PICTURE = 85
MOST_TOKENS = 131_072
"""Tokens one answer may have, whatever is asked."""


class Tool(msgspec.Struct, frozen=True):
    """The function the model is to call. ``named`` if the request forced this one by name."""

    name: str
    schema: Any = None
    named: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``limit`` and ``least`` are token counts; ``json_schema`` is None for a text answer, ``{}`` for any object.
    ``begun`` is what is said of the answer already, to be gone on from; ``thinks``: with thoughts before it.
    """

    model: str
    prompt: str
    prompt_tokens: int
    begun: str = ""
    limit: int | None = None
    least: int = 0
    stop: tuple[str, ...] = ()
    n: int = 1
    stream: bool = False
    include_usage: bool = False
    tools: tuple[Tool, ...] = ()
    json_schema: Any = None
    thinks: bool = False


def fields_of(request: Request) -> dict[str, Any]:
    """The object a POST must carry."""
    if not request.fields and request.body.strip() != b"{}":
        raise Refused(400, "The request's body is not a JSON object.", why="not json")
    return request.fields


def model_of(fields: dict[str, Any]) -> str:
    model = fields.get("model")
    return model if isinstance(model, str) else ""


def read_messages(messages: list[Any]) -> tuple[str, int]:
    """All that was said, and about how many tokens it is; pictures and sounds count too."""
    texts: list[str] = []
    tokens = 3
    for message in messages:
        if not isinstance(message, dict):
            raise Refused(400, "Each message is an object.", param="messages", code="invalid_type")
        tokens += PER_MESSAGE
        content = message.get("content")
        parts = content if isinstance(content, list) else [content]
        for part in parts:
            text, extra = _part(part)
            texts.append(text)
            tokens += estimate(text) + extra
        pictures = message.get("images")
        if isinstance(pictures, list):  # Ollama's way
            texts += [str(picture)[:64] for picture in pictures]
            tokens += PER_PICTURE * len(pictures)
    return "\n".join(texts), tokens


def _part(part: Any) -> tuple[str, int]:
    if isinstance(part, str):
        return part, 0
    if not isinstance(part, dict):
        return "", 0
    text = part.get("text")
    if isinstance(text, str):
        return text, 0
    kind = str(part.get("type", ""))
    return f"<{kind}>", PER_PICTURE


def parted(messages: list[Any], *, unfinished: bool) -> tuple[list[Any], str]:
    """The conversation, and the answer that has begun in its last message, where such a one is unfinished."""
    role, text = last_words(messages)
    return (messages[:-1], text) if unfinished and role == "assistant" else (messages, "")


def last_words(messages: list[Any]) -> tuple[str, str]:
    """Role and text of the last message."""
    last = messages[-1] if messages else None
    if not isinstance(last, dict):
        return "", ""
    return str(last.get("role", "")), read_messages([last])[0]


def read_tools(fields: dict[str, Any], messages: list[Any]) -> tuple[Tool, ...]:
    """The calls to make. Forced ones are made; else the functions that the user names, all at once unless
    ``parallel_tool_calls`` is false, or the first one; after a result: none.
    """
    tools = [_function(tool) for tool in _list(fields.get("tools"))]
    offered = [tool for tool in tools if tool is not None]
    choice = fields.get("tool_choice")
    if not offered or choice == "none":
        return ()
    if isinstance(choice, dict):
        wanted = choice.get("function")
        name = wanted.get("name") if isinstance(wanted, dict) else choice.get("name")
        named = next((tool for tool in offered if tool.name == name), None)
        if named is None:
            raise Refused(400, f"The tool '{name}' of tool_choice is not among tools.", param="tool_choice")
        return (Tool(named.name, named.schema, named=True),)
    role, text = last_words(messages)
    if role == "tool" and choice != "required":
        return ()
    called = tuple(tool for tool in offered if tool.name in text) or (offered[0],)
    return called[:1] if fields.get("parallel_tool_calls") is False else called


def _function(tool: Any) -> Tool | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    return Tool(function["name"], function.get("parameters") or {"type": "object", "properties": {}})


def read_format(value: Any) -> Any:
    """The schema of a JSON answer from OpenAI's ``response_format`` or Ollama's ``format``; None for text."""
    if value == "json":
        return {}
    if not isinstance(value, dict):
        return None
    kind = value.get("type")
    if kind == "json_object":
        return value.get("schema") or {}
    if kind == "json_schema":
        wrapped = value.get("json_schema")
        return (wrapped.get("schema") if isinstance(wrapped, dict) else value.get("schema")) or {}
    return None if kind == "text" else value


def read_stop(value: Any) -> tuple[str, ...]:
    return tuple(word for word in ([value] if isinstance(value, str) else _list(value)) if isinstance(word, str))


def whole(value: Any) -> int | None:
    """A count, or None if there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def least_tokens(fields: dict[str, Any], limit: int | None) -> int:
    """``ignore_eos`` fills the limit, ``min_tokens`` at least that many (vLLM's and llama.cpp's options)."""
    least = whole(fields.get("min_tokens")) or 0
    if fields.get("ignore_eos") is True:
        least = max(least, limit or 0)
    return min(max(least, 0), MOST_TOKENS)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
