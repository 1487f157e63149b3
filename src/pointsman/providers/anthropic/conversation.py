"""OpenAI's messages as Anthropic's: what the system says stands apart, turns alternate, a tool's result is the user's.

Whoever speaks several times in a row has one turn, so results of several tools are told together. Empty texts, which
Anthropic refuses, are left out.
"""

from __future__ import annotations

import re
from typing import Any

from pointsman.providers.shapes import Inexpressible
from pointsman.providers.turns import SYSTEM, Block, Speaker, Turn, turns_of
from pointsman.providers.values import arguments_of, image_data, image_url

TEXTS = {"text": "text", "refusal": "refusal"}
"""Types of parts that are text -> the field it stands in."""

THOUGHTS = ("thinking", "redacted_thinking")
"""Types of blocks in which the model thinks."""

_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")


def conversation(messages: Any) -> tuple[list[Block], list[Turn]]:
    """The system's blocks, and the turns. Raises Inexpressible."""
    return turns_of(messages, SPEAKERS)


def goes_on(turns: list[dict[str, Any]]) -> bool:
    """The conversation ends with what tools have said, and nobody knows any more what the assistant thought before it
    called them: its turn is not over.
    """
    last = turns[-1]["content"] if turns else []
    before = turns[-2]["content"] if turns[1:] else []
    called = any(block["type"] == "tool_result" for block in last)
    return called and not any(block["type"] in THOUGHTS for block in before)


def _blocks(content: Any) -> list[Block]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    parts = content if isinstance(content, list) else [content]
    return [block for block in map(_block, parts) if block.get("text") != ""]


def _block(part: Any) -> Block:
    kind = part.get("type") if isinstance(part, dict) else None
    field = TEXTS.get(kind) if isinstance(kind, str) else None
    if field is not None and isinstance(part.get(field), str):
        block: Block = {"type": "text", "text": part[field]}
    elif kind == "image_url":
        block = {"type": "image", "source": _source(image_url(part))}
    else:
        raise Inexpressible("messages", f"content parts of type {kind!r} can't be sent to this provider")
    if part.get("cache_control") is not None:
        block["cache_control"] = part["cache_control"]
    return block


def _source(url: str) -> dict[str, str]:
    data = image_data(url)
    if data is not None:
        return {"type": "base64", "media_type": data[0], "data": data[1]}
    if not url.startswith(("http://", "https://")):
        raise Inexpressible("messages", "an image is base64 data or an address that begins with http")
    return {"type": "url", "url": url}


def _thoughts(blocks: Any) -> list[Block]:
    """What the model thought, as it said it, for its servers check that. What nobody signed was another model's."""
    listed = blocks if isinstance(blocks, list) else ()
    return [
        block
        for block in listed
        if isinstance(block, dict) and block.get("type") in THOUGHTS and (block.get("signature") or block.get("data"))
    ]


def _calls(calls: Any) -> list[Block]:
    return [_call(call) for call in calls] if isinstance(calls, list) else []


def _call(call: Any) -> Block:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Inexpressible("messages", "a tool call needs a function with a name")
    arguments = arguments_of(function)
    if not isinstance(arguments, dict):
        raise Inexpressible("messages", "the arguments of a tool call are not a JSON object")
    return {"type": "tool_use", "id": _ident(call.get("id")), "name": function["name"], "input": arguments}


def _result(message: dict[str, Any]) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": _ident(message.get("tool_call_id"))}
    content = message.get("content")
    if isinstance(content, str):
        block["content"] = content
    elif content is not None:
        block["content"] = _blocks(content)
    return block


def _ident(ident: Any) -> str:
    """A call's id, which has letters, digits, ``_`` and ``-`` at Anthropic; elsewhere it may have more."""
    if not isinstance(ident, str) or not ident:
        raise Inexpressible("messages", "a tool call and its result need the same id")
    return _NO_ID.sub("_", ident)


def _says(message: dict[str, Any]) -> list[Block]:
    return _blocks(message.get("content"))


def _answers(message: dict[str, Any]) -> list[Block]:
    calls = _calls(message.get("tool_calls"))
    return [*_thoughts(message.get("thinking_blocks")), *_blocks(message.get("content")), *calls]


def _reports(message: dict[str, Any]) -> list[Block]:
    return [_result(message)]


SPEAKERS: dict[str, Speaker] = {
    "system": (SYSTEM, _says),
    "developer": (SYSTEM, _says),
    "user": ("user", _says),
    "assistant": ("assistant", _answers),
    "tool": ("user", _reports),
}
