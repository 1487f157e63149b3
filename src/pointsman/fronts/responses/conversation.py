"""The items of ``input`` as chat messages: calls join the turn of the assistant that made them, whichever was said
first, and their results follow it, wherever they stand.

What the model thought is left out: chat completions do not carry it, and it is sealed for the provider that said it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.errors import InvalidBody
from pointsman.fronts.fields import a_text

Item = dict[str, Any]
Message = dict[str, Any]

ROLES = ("user", "assistant", "system", "developer")

TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal", "summary_text": "text"}
"""Types of parts that are text -> the field that it stands in."""


class Lost(Exception):  # noqa: N818  says what the request is, not what went wrong
    """An item or a part for which chat completions have no words. The message says which."""


class _Turns:
    """What was said so far: messages, each with the results of its calls."""

    def __init__(self) -> None:
        self._turns: list[list[Message]] = []
        self._of_calls: dict[str, list[Message]] = {}  # a call's id -> its turn

    def told(self) -> list[Message]:
        return [message for turn in self._turns for message in turn]

    def say(self, role: str, content: Any) -> None:
        last = self._assistant()
        if role == "assistant" and last is not None and "tool_calls" in last:
            last["content"] = _joined(last["content"], content)
        else:
            self._turns.append([{"role": role, "content": content}])

    def call(self, ident: str, call: dict[str, Any]) -> None:
        last = self._assistant()
        if last is None:
            last = {"role": "assistant", "content": None}
            self._turns.append([last])
        last.setdefault("tool_calls", []).append(call)
        self._of_calls[ident] = self._turns[-1]

    def answer(self, ident: str, output: str) -> None:
        turn = self._of_calls.get(ident)
        if turn is None:
            turn = []
            self._turns.append(turn)
        turn.append({"role": "tool", "tool_call_id": ident, "content": output})

    def _assistant(self) -> Message | None:
        """The assistant's last message, if its turn is not over."""
        turn = self._turns[-1] if self._turns else []
        return turn[0] if len(turn) == 1 and turn[0]["role"] == "assistant" else None


def _joined(before: Any, content: Any) -> Any:
    """Two contents of one turn."""
    if not (before and content):
        return before or content
    if isinstance(before, str) and isinstance(content, str):
        return f"{before}\n{content}"
    both = ([{"type": "text", "text": one}] if isinstance(one, str) else one for one in (before, content))
    return [part for parts in both for part in parts]


def messages(instructions: Any, said: Any) -> list[Message]:
    """Raises InvalidBody, or Lost."""
    turns = _Turns()
    if instructions is not None:
        turns.say("system", a_text(instructions, "instructions"))
    if isinstance(said, str):
        turns.say("user", said)
        return turns.told()
    if not isinstance(said, list):
        raise InvalidBody("input must be a text or a list of items", param="input")
    for number, item in enumerate(said):
        if not isinstance(item, dict):
            raise InvalidBody(f"input.{number}: an item is an object", param="input")
        kind = item.get("type", "message")
        say = _SAYERS.get(kind) if isinstance(kind, str) else None
        if say is None:
            raise Lost(f"items of type {str(kind)[:64]!r}")
        say(item, turns)
    return turns.told()


def _message(item: Item, turns: _Turns) -> None:
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise InvalidBody("input: the role of a message is user, assistant, system or developer", param="input")
    shown = "system" if role == "developer" else role
    if isinstance(content, list):
        parts = [_part(part) for part in content]
        content = "".join(p["text"] for p in parts) if all(p["type"] == "text" for p in parts) else parts
    elif not isinstance(content, str):
        raise InvalidBody("input: the content of a message is a text or a list of parts", param="input")
    turns.say(shown, content)


def _part(part: Any) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    field = TEXTS.get(kind) if isinstance(kind, str) else None
    if field is not None and isinstance(part.get(field), str):
        return {"type": "text", "text": part[field]}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        shown = {"url": part["image_url"]}
        if isinstance(part.get("detail"), str):
            shown["detail"] = part["detail"]
        return {"type": "image_url", "image_url": shown}
    if kind == "input_file" and isinstance(part.get("file_data"), str):
        return {"type": "file", "file": {"filename": part.get("filename", "file"), "file_data": part["file_data"]}}
    if kind == "input_audio" and isinstance(part.get("input_audio"), dict):
        return {"type": "input_audio", "input_audio": part["input_audio"]}
    raise Lost(f"parts of type {str(kind)[:64]!r}" + (" that are not in the request" if kind in WITHIN else ""))


WITHIN = ("input_image", "input_file")
"""Parts whose data may be elsewhere, at a provider that keeps files."""


def _call(item: Item, turns: _Turns) -> None:
    name, ident, arguments = item.get("name"), item.get("call_id"), item.get("arguments")
    if not isinstance(name, str) or not isinstance(ident, str) or not isinstance(arguments, str):
        raise InvalidBody("input: a function_call has a name, a call_id and arguments, all texts", param="input")
    turns.call(ident, {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}})


def _result(item: Item, turns: _Turns) -> None:
    ident, output = item.get("call_id"), item.get("output")
    if not isinstance(ident, str):
        raise InvalidBody("input: a function_call_output has a call_id", param="input")
    if isinstance(output, list):
        parts = [_part(part) for part in output]
        if any(part["type"] != "text" for part in parts):
            raise Lost("results of functions that are more than text")
        output = "".join(part["text"] for part in parts)
    if not isinstance(output, str):
        raise InvalidBody("input: the output of a function_call_output is a text or a list of parts", param="input")
    turns.answer(ident, output)


def _thought(_item: Item, _turns: _Turns) -> None:
    """Left out."""


_SAYERS: dict[str, Callable[[Item, _Turns], None]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _result,
    "reasoning": _thought,
}
