"""Ollama's messages as OpenAI's: images beside a text become parts of it, calls get the ids by which results name them.

Thoughts of earlier turns are left out: OpenAI's protocol does not carry them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pointsman.errors import InvalidBody

Message = dict[str, Any]

SIGNS = (("/9j/", "jpeg"), ("iVBOR", "png"), ("R0lGOD", "gif"), ("UklGR", "webp"))
"""How images begin in base64 -> what they are."""

USUAL = "png"
"""What an image is called that begins otherwise: most servers look for themselves."""

_encode = msgspec.json.Encoder().encode


def messages(turns: Any) -> list[Message]:
    """Raises InvalidBody."""
    if not isinstance(turns, list):
        raise InvalidBody("messages must be a list", param="messages")
    calls = _Calls()
    return [_message(turn, number, calls) for number, turn in enumerate(turns)]


def spoken(role: str, text: str, images: Any, place: str) -> Message:
    """A message of a text and perhaps images. Raises InvalidBody."""
    if not images:
        return {"role": role, "content": text}
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise InvalidBody(f"{place} must be a list of base64 texts", param=place.partition(".")[0])
    parts: list[Message] = [{"type": "text", "text": text}] if text else []
    parts += [{"type": "image_url", "image_url": {"url": _address(image)}} for image in images]
    return {"role": role, "content": parts}


class _Calls:
    """The calls of a conversation: each is known by an id, which older clients neither write nor repeat."""

    def __init__(self) -> None:
        self._made = 0
        self._open: list[tuple[str, str]] = []  # names and ids of calls whose results have not come

    def made(self, name: str, ident: Any) -> str:
        self._made += 1
        known = ident if isinstance(ident, str) and ident else f"call_{self._made}"
        self._open.append((name, known))
        return known

    def answered(self, name: Any, ident: Any) -> str:
        """The call that a result is of: of that id, else the first open one of that name, else the first."""
        if isinstance(ident, str) and ident:
            self._open = [call for call in self._open if call[1] != ident]
            return ident
        found = next((call for call in self._open if call[0] == name), None) or next(iter(self._open), None)
        if found is None:
            return "call_0"
        self._open.remove(found)
        return found[1]


def _message(turn: Any, number: int, calls: _Calls) -> Message:
    place = f"messages.{number}"
    role = turn.get("role") if isinstance(turn, dict) else None
    if not isinstance(role, str):
        raise InvalidBody(f"{place}: a message is an object with a role", param="messages")
    content = turn.get("content")
    text = "" if content is None else content
    if not isinstance(text, str):
        raise InvalidBody(f"{place}.content must be a text", param="messages")
    if role == "tool":
        ident = calls.answered(turn.get("tool_name") or turn.get("name"), turn.get("tool_call_id"))
        return {"role": role, "tool_call_id": ident, "content": text}
    told = spoken(role, text, turn.get("images"), f"{place}.images")
    made = list(_made(turn.get("tool_calls"), place, calls))
    if made:
        told["content"] = told["content"] or None
        told["tool_calls"] = made
    return told


def _made(given: Any, place: str, calls: _Calls) -> Iterator[Message]:
    if given is not None and not isinstance(given, list):
        raise InvalidBody(f"{place}.tool_calls must be a list", param="messages")
    for call in given or ():
        function = call.get("function") if isinstance(call, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str):
            raise InvalidBody(f"{place}.tool_calls: a call has a function with a name", param="messages")
        arguments = function.get("arguments") or {}
        text = arguments if isinstance(arguments, str) else _encode(arguments).decode()
        ident = calls.made(name, call.get("id"))
        yield {"id": ident, "type": "function", "function": {"name": name, "arguments": text}}


def _address(image: str) -> str:
    if image.startswith("data:"):
        return image
    kind = next((kind for sign, kind in SIGNS if image.startswith(sign)), USUAL)
    return f"data:image/{kind};base64,{image}"
