"""Anthropic's turns as OpenAI's messages: the system speaks first, a tool's result is a message of its own.

Thoughts of earlier turns are left out: OpenAI's protocol does not carry them, and no model but the one that had them
can read them. A mark for the cache concerns Anthropic's servers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.fronts.fields import a_text

Message = dict[str, Any]
Part = dict[str, Any]

THOUGHTS = ("thinking", "redacted_thinking")

BETWEEN = "\n"
"""Between texts that were parts of one turn."""

_encode = msgspec.json.Encoder().encode


class Lost(Exception):  # noqa: N818  says what the request is, not what went wrong
    """Part of a conversation for which OpenAI has no words. The message says which."""


def messages(system: Any, turns: Any) -> list[Message]:
    """Raises InvalidBody, or Lost."""
    if not isinstance(turns, list):
        raise InvalidBody("messages must be a list", param="messages")
    if not turns:
        raise InvalidBody("messages: at least one turn is needed", param="messages")
    told: list[Message] = []
    if system is not None:
        told += _instructions(system)
    for number, turn in enumerate(turns):
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant", "system"):
            raise InvalidBody(
                f"messages.{number}: a turn is an object whose role is user or assistant", param="messages"
            )
        blocks = _blocks(turn.get("content"), f"messages.{number}.content")
        told += _SPEAKERS[turn["role"]](blocks)
    return told


def _instructions(system: Any) -> list[Message]:
    """Several texts are paragraphs of one."""
    blocks = _blocks(system, "system")
    text = "\n\n".join(a_text(block.get("text"), "system: the text of a block") for block in blocks)
    return [{"role": "system", "content": text}] if text else []


def _blocks(content: Any, place: str) -> list[Part]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise InvalidBody(f"{place} must be a text or a list of blocks", param=place.partition(".")[0])
    return content


def _user(blocks: list[Part]) -> list[Message]:
    """Results of tools come first, for they answer what was said last; their images can only follow as the user's."""
    results = [block for block in blocks if block.get("type") == "tool_result"]
    told = [_result(block) for block in results]
    parts = [part for block in results for part in _pictures(block)]
    parts += _parts(block for block in blocks if block.get("type") != "tool_result")
    if parts or not results:
        told.append({"role": "user", "content": _joined(parts)})
    return told


def _assistant(blocks: list[Part]) -> list[Message]:
    parts = _parts(b for b in blocks if b.get("type") != "tool_use" and b.get("type") not in THOUGHTS)
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    message: Message = {"role": "assistant", "content": _joined(parts) if parts or not calls else None}
    if calls:
        message["tool_calls"] = calls
    return [message]


def _instructed(blocks: list[Part]) -> list[Message]:
    return [{"role": "system", "content": _joined(_parts(blocks))}]


_SPEAKERS: dict[str, Callable[[list[Part]], list[Message]]] = {
    "user": _user,
    "assistant": _assistant,
    "system": _instructed,
}


def _joined(parts: list[Part]) -> str | list[Part]:
    """Texts alone are one text, which every server takes."""
    if all(part["type"] == "text" for part in parts):
        return BETWEEN.join(part["text"] for part in parts)
    return parts


def _parts(blocks: Iterable[Part]) -> list[Part]:
    return [part for block in blocks for part in _said(block)]


def _said(block: Part) -> list[Part]:
    """A block as one part, or several."""
    kind = block.get("type")
    if kind == "text" and isinstance(block.get("text"), str):
        return [{"type": "text", "text": block["text"]}]
    source = block.get("source")
    if kind == "image" and isinstance(source, dict):
        return [{"type": "image_url", "image_url": {"url": _address(source)}}]
    if kind == "document" and isinstance(source, dict):
        return _document(block, source)
    raise Lost(f"blocks of type {str(kind)[:64]!r}")


def _address(source: Part) -> str:
    if source.get("type") == "base64" and isinstance(source.get("data"), str):
        return f"data:{source.get('media_type', 'image/png')};base64,{source['data']}"
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    raise Lost(f"images from a {str(source.get('type'))[:64]!r}")


def _document(block: Part, source: Part) -> list[Part]:
    """A text is one, below its title and what is said about it; a file is OpenAI's part of that type, which has a name,
    behind what is said about it.
    """
    title, context = (a_text(block.get(name), f"messages: the {name} of a document") for name in ("title", "context"))
    if source.get("type") == "text" and isinstance(source.get("data"), str):
        return [{"type": "text", "text": BETWEEN.join(filter(None, (title, context, source["data"])))}]
    if source.get("type") == "base64" and isinstance(source.get("data"), str):
        kind = str(source.get("media_type", "application/pdf"))
        name = title or f"document.{kind.rpartition('/')[2]}"
        file = {"filename": name, "file_data": f"data:{kind};base64,{source['data']}"}
        about = [{"type": "text", "text": context}] if context else []
        return [*about, {"type": "file", "file": file}]
    raise Lost(f"documents from a {str(source.get('type'))[:64]!r}")


def _call(block: Part) -> Part:
    if not isinstance(block.get("id"), str) or not isinstance(block.get("name"), str):
        raise InvalidBody("messages: a tool_use block has an id and a name", param="messages")
    arguments = _encode(block.get("input") or {}).decode()
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": arguments}}


def _result(block: Part) -> Message:
    if not isinstance(block.get("tool_use_id"), str):
        raise InvalidBody("messages: a tool_result block has a tool_use_id", param="messages")
    texts = [part["text"] for part in _parts(inner for inner in _inside(block) if inner.get("type") == "text")]
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": BETWEEN.join(texts)}


def _pictures(block: Part) -> Iterable[Part]:
    return _parts(inner for inner in _inside(block) if inner.get("type") != "text")


def _inside(block: Part) -> list[Part]:
    content = block.get("content")
    return [] if content is None else _blocks(content, "messages: the content of a tool_result")
