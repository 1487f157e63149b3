"""OpenAI's messages as Converse's: what the system says stands apart, turns alternate, a tool's result is the user's.

Whoever speaks several times in a row has one turn, so results of several tools are told together. Blank texts, which
Bedrock refuses, are left out. A mark for the cache becomes a block of its own behind what it marks.
"""

from __future__ import annotations

import re
from typing import Any

from pointsman.providers.shapes import Inexpressible
from pointsman.providers.turns import SYSTEM, Block, Speaker, Turn, turns_of
from pointsman.providers.values import arguments_of, image_data, image_url

TEXTS = {"text": "text", "refusal": "refusal"}
"""Types of parts that are text -> the field it stands in."""

IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
"""Media types -> Converse's words for them."""

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    f"{OFFICE}wordprocessingml.document": "docx",
    f"{OFFICE}spreadsheetml.sheet": "xlsx",
}
"""Likewise."""

LIVES = ("5m", "1h")
"""How long a cache may keep what is marked."""

LONGEST_ID = 64

_NO_ID = re.compile(r"[^a-zA-Z0-9_-]")


def conversation(messages: Any) -> tuple[list[Block], list[Turn]]:
    """The system's blocks, and the turns. Raises Inexpressible."""
    system, turns = turns_of(messages, SPEAKERS)
    _name_documents(turns)
    return system, turns


def goes_on(turns: list[dict[str, Any]]) -> bool:
    """The conversation ends with what tools have said, and nobody knows any more what the assistant thought before it
    called them: its turn is not over.
    """
    last = turns[-1]["content"] if turns else []
    before = turns[-2]["content"] if turns[1:] else []
    called = any("toolResult" in block for block in last)
    return called and not any("reasoningContent" in block for block in before)


def called(turns: list[dict[str, Any]]) -> list[str]:
    """The names of the tools that were called before, each once."""
    blocks = [block for turn in turns for block in turn["content"]]
    return list(dict.fromkeys([block["toolUse"]["name"] for block in blocks if "toolUse" in block]))


def cache_point(marked: Any) -> list[Block]:
    """The block that says so, behind what has ``cache_control``; none behind what has not."""
    mark = marked.get("cache_control") if isinstance(marked, dict) else None
    if mark is None:
        return []
    point = {"type": "default"}
    if isinstance(mark, dict) and mark.get("ttl") in LIVES:
        point["ttl"] = mark["ttl"]
    return [{"cachePoint": point}]


def _name_documents(turns: list[dict[str, Any]]) -> None:
    """By their number: no two may have the same name, which models might take for instructions."""
    said = [block for turn in turns for block in turn["content"]]
    inside = [part for block in said for part in (block, *block.get("toolResult", {}).get("content", ()))]
    for number, block in enumerate([part for part in inside if "document" in part], 1):
        block["document"]["name"] = f"document {number}"


def _system(content: Any) -> list[Block]:
    blocks = _blocks(content)
    if any("image" in block or "document" in block for block in blocks):
        raise Inexpressible("messages", "what the system says is text to this provider")
    return blocks


def _blocks(content: Any) -> list[Block]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}] if content.strip() else []
    blocks: list[Block] = []
    for part in content if isinstance(content, list) else [content]:
        block = _block(part)
        if "text" not in block or block["text"].strip():
            blocks += [block, *cache_point(part)]
    return blocks


def _block(part: Any) -> Block:
    kind = part.get("type") if isinstance(part, dict) else None
    field = TEXTS.get(kind) if isinstance(kind, str) else None
    if field is not None and isinstance(part.get(field), str):
        return {"text": part[field]}
    if kind == "image_url":
        return {"image": _image(image_url(part))}
    if kind == "file":
        return {"document": _document(part.get("file"))}
    raise Inexpressible("messages", f"content parts of type {kind!r} can't be sent to this provider")


def _image(url: str) -> Block:
    data = image_data(url)
    if data is None:
        raise Inexpressible("messages", "this provider takes images as base64 data, not by their address")
    kind = IMAGES.get(data[0].lower())
    if kind is None:
        raise Inexpressible("messages", f"this provider takes images of type {', '.join(IMAGES)}")
    return {"format": kind, "source": {"bytes": data[1]}}


def _document(file: Any) -> Block:
    url = file.get("file_data") if isinstance(file, dict) else None
    data = image_data(url, "a file") if isinstance(url, str) else None
    if data is None:
        raise Inexpressible("messages", "this provider takes files as base64 data, not by their id")
    kind = DOCUMENTS.get(data[0].lower())
    if kind is None:
        raise Inexpressible("messages", f"this provider takes files of type {', '.join(DOCUMENTS)}")
    return {"format": kind, "source": {"bytes": data[1]}}


def _thoughts(blocks: Any) -> list[Block]:
    """What the model thought, as it said it, for its servers check that. What nobody signed was another model's."""
    thoughts: list[Block] = []
    for block in blocks if isinstance(blocks, list) else ():
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "thinking" and block.get("signature"):
            said = {"text": block.get("thinking", ""), "signature": block["signature"]}
            thoughts.append({"reasoningContent": {"reasoningText": said}})
        elif kind == "redacted_thinking" and block.get("data"):
            thoughts.append({"reasoningContent": {"redactedContent": block["data"]}})
    return thoughts


def _calls(calls: Any) -> list[Block]:
    return [_call(call) for call in calls] if isinstance(calls, list) else []


def _call(call: Any) -> Block:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Inexpressible("messages", "a tool call needs a function with a name")
    arguments = arguments_of(function)
    if not isinstance(arguments, dict):
        raise Inexpressible("messages", "the arguments of a tool call are not a JSON object")
    return {"toolUse": {"toolUseId": _ident(call.get("id")), "name": function["name"], "input": arguments}}


def _result(message: dict[str, Any]) -> Block:
    """What a tool said; Converse wants a content, though it may say nothing."""
    content = message.get("content")
    blocks = [block for block in _blocks(content) if "cachePoint" not in block]
    return {"toolResult": {"toolUseId": _ident(message.get("tool_call_id")), "content": blocks}}


def _ident(ident: Any) -> str:
    """A call's id, which is short and has letters, digits, ``_`` and ``-`` here; elsewhere it may have more."""
    if not isinstance(ident, str) or not ident:
        raise Inexpressible("messages", "a tool call and its result need the same id")
    return _NO_ID.sub("_", ident)[:LONGEST_ID]


def _says(message: dict[str, Any]) -> list[Block]:
    return _blocks(message.get("content"))


def _instructs(message: dict[str, Any]) -> list[Block]:
    return _system(message.get("content"))


def _answers(message: dict[str, Any]) -> list[Block]:
    calls = _calls(message.get("tool_calls"))
    return [*_thoughts(message.get("thinking_blocks")), *_blocks(message.get("content")), *calls]


def _reports(message: dict[str, Any]) -> list[Block]:
    return [_result(message)]


SPEAKERS: dict[str, Speaker] = {
    "system": (SYSTEM, _instructs),
    "developer": (SYSTEM, _instructs),
    "user": ("user", _says),
    "assistant": ("assistant", _answers),
    "tool": ("user", _reports),
}
