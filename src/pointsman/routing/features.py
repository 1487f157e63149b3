"""What a request's body is like, without judging it: images, tools, batches, the user's last words.

Bodies are OpenAI-shaped and unparsed; each function decodes only the field it needs, and only when asked. What can't be
decoded is the upstream's to complain about: it then counts as absent.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.request import Request

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

MOST_MESSAGES = 2**20
"""Bytes of messages that are decoded for their words; the end of longer ones is not looked at."""


class _Message(msgspec.Struct, gc=False):
    role: str = ""
    content: Any = None


_decode_messages = msgspec.json.Decoder(list[_Message]).decode
_decode_any = msgspec.json.Decoder().decode


def batch_size(request: Request) -> int:
    """Length of the ``input`` or ``prompt`` list, else ``n``, else 1. A list of token numbers is one input."""
    for field in ("input", "prompt"):
        raw = request.body.get(field)
        if raw is not None and _first(raw) == "[":
            listed = _decoded(raw)
            if isinstance(listed, list) and listed and not isinstance(listed[0], int):
                return len(listed)
            return 1
    count = _decoded(request.body["n"]) if "n" in request.body else 1
    return count if isinstance(count, int) and count > 0 else 1


def has_images(request: Request) -> bool:
    """A part of a message is an image."""
    raw = request.body.get("messages")
    if raw is None or b"image" not in bytes(raw):
        return False
    return any(
        isinstance(part, dict) and str(part.get("type", "")) in ("image_url", "input_image", "image")
        for message in _messages(request)
        if isinstance(message.content, list)
        for part in message.content
    )


def has_tools(request: Request) -> bool:
    """Tools are offered to the model, in either spelling."""
    return any(_decoded(request.body[field]) for field in ("tools", "functions") if field in request.body)


def reasoning_effort(request: Request) -> str:
    """``reasoning_effort``, or the empty string."""
    raw = request.body.get("reasoning_effort")
    value = _decoded(raw) if raw is not None else None
    return value if isinstance(value, str) else ""


def last_words(request: Request, most: int = 4000) -> str:
    """The text of the last user turn (else the prompt or input): at most ``most`` characters, from both ends."""
    text = ""
    for message in reversed(_messages(request)):
        if message.role == "user" and (text := _text(message.content)):
            break
    for field in ("prompt", "input"):
        if not text and field in request.body:
            text = _text(_decoded(request.body[field]))
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n{text[-(most - most // 2) :]}"


def beginning(request: Request, most: int = 1024) -> bytes:
    """The first bytes of what the model will read: requests that share them share a prefix cache."""
    for field in ("messages", "prompt", "input"):
        raw = request.body.get(field)
        if raw is not None:
            return bytes(memoryview(raw)[:most])
    return b""


def _messages(request: Request) -> list[_Message]:
    raw = request.body.get("messages")
    if raw is None or len(memoryview(raw)) > MOST_MESSAGES:
        return []
    try:
        return _decode_messages(raw)
    except NOT_JSON:
        return []


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def _decoded(raw: msgspec.Raw) -> Any:
    try:
        return _decode_any(raw)
    except NOT_JSON:
        return None


def _first(raw: msgspec.Raw) -> str:
    return chr(memoryview(raw)[0]) if memoryview(raw) else ""
