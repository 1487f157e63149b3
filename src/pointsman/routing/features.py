"""What a request's body is like, without judging it: images, tools, batches, the user's last words.

Bodies are OpenAI-shaped and unparsed; each function decodes only the field it needs, and only when asked. What can't be
decoded is the upstream's to complain about: it then counts as absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pointsman.model.request import Request
from pointsman.routing.classify.text import bounded

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

MOST = 4000
"""Characters of a text that are looked at, unless an encoder's settings say otherwise."""

IMAGES = ("image_url", "input_image", "image")
"""Types of a message's part that is an image."""


class _Message(msgspec.Struct, gc=False):
    role: Any = ""
    content: msgspec.Raw = msgspec.Raw()


class _Part(msgspec.Struct, gc=False):
    type: Any = ""
    text: Any = None


_decode_messages = msgspec.json.Decoder(list[_Message]).decode
_decode_parts = msgspec.json.Decoder(list[_Part | str]).decode
_decode_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode
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
        isinstance(part, _Part) and part.type in IMAGES
        for message in _messages(request)
        for part in _parts(message.content)
    )


def text_tokens(request: Request) -> int:
    """The estimated tokens of a request without the data of its images, which are no text."""
    if not has_images(request):
        return request.tokens
    parts = ((part, raw) for message in _messages(request) for part, raw in _with_raw(message.content))
    data = sum(len(memoryview(raw)) for part, raw in parts if isinstance(part, _Part) and part.type in IMAGES)
    return max(request.tokens - data // 4, 0)


def has_tools(request: Request) -> bool:
    """Tools are offered to the model, in either spelling."""
    return any(_decoded(request.body[field]) for field in ("tools", "functions") if field in request.body)


def answer_tokens(request: Request) -> int | None:
    """How long the answer may be, where the request says so."""
    for field in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
        raw = request.body.get(field)
        told = _decoded(raw) if raw is not None else None
        if type(told) is int and told > 0:
            return told
    return None


def reasoning_effort(request: Request) -> str:
    """``reasoning_effort``, or the empty string."""
    raw = request.body.get("reasoning_effort")
    value = _decoded(raw) if raw is not None else None
    return value if isinstance(value, str) else ""


def last_words(request: Request, most: int = MOST) -> str:
    """The text of the last user turn (else the prompt or input): at most ``most`` characters, from both ends."""
    said = next((message.content for message in reversed(_messages(request)) if message.role == "user"), None)
    if said is not None:
        text = _decoded(said) if _first(said) == '"' else "\n".join(_texts(said))
    else:
        text = next(
            (_plain(_decoded(request.body[field])) for field in ("prompt", "input") if field in request.body), ""
        )
    return bounded(text or "", most)


def beginning(request: Request, most: int = 1024) -> bytes:
    """The first bytes of what the model will read: requests that share them share a prefix cache."""
    for field in ("messages", "prompt", "input"):
        raw = request.body.get(field)
        if raw is not None:
            return bytes(memoryview(raw)[:most])
    return b""


def _messages(request: Request) -> list[_Message]:
    raw = request.body.get("messages")
    if raw is None:
        return []
    try:
        return _decode_messages(raw)
    except NOT_JSON:
        return []


def _parts(content: msgspec.Raw) -> list[_Part | str]:
    if _first(content) != "[":
        return []
    try:
        return _decode_parts(content)
    except NOT_JSON:
        return []


def _with_raw(content: msgspec.Raw) -> list[tuple[_Part | str, msgspec.Raw]]:
    """A content's parts beside their JSON."""
    parts = _parts(content)
    return list(zip(parts, _decode_raw(content), strict=True)) if parts else []


def _texts(content: msgspec.Raw) -> Iterator[str]:
    for part in _parts(content):
        text = part if isinstance(part, str) else part.text
        if isinstance(text, str):
            yield text


def _plain(value: Any) -> str:
    """A text, or the texts of a list."""
    if isinstance(value, list):
        return "\n".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _decoded(raw: msgspec.Raw) -> Any:
    try:
        return _decode_any(raw)
    except NOT_JSON:
        return None


def _first(raw: msgspec.Raw) -> str:
    return chr(memoryview(raw)[0]) if memoryview(raw) else ""
