"""A chat stream as the events of a response: items and their parts, each begun, told and ended, and at the end all of
it once more.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.fronts.chunks import ABSENT, NOTHING, Call, Chunk, Said, read_chunks
from pointsman.fronts.responses.answer import (
    called,
    ending,
    message,
    opening,
    refusal_part,
    text_part,
    thought,
    usage_told,
)
from pointsman.fronts.shapes import Watch
from pointsman.model.request import Request

TEXT, REFUSAL, THOUGHT, CALL = "output_text", "refusal", "reasoning_text", "function_call_arguments"
"""What the events of each kind of item are named by."""

_encode = msgspec.json.Encoder().encode


class _Error(msgspec.Struct, gc=False):
    message: Any = None
    code: Any = None
    type: Any = None


class _Body(msgspec.Struct, gc=False):
    error: _Error


_decode_error = msgspec.json.Decoder(_Body).decode


class Events:
    """One response. Items are told one after the other."""

    def __init__(self, request: Request, _watch: Watch) -> None:
        self._request = request
        self._number = 0
        self._head: dict[str, Any] = {}
        self._done: list[dict[str, Any]] = []
        self._kind = ""  # of the item under way; empty if there is none
        self._pieces: list[str] = []
        self._before = b""  # what every piece of the item begins with, behind its number
        self._call = Call()
        self._calls = -1
        self._reason: Any = None
        self._usage: dict[str, Any] = usage_told(Chunk())

    def tell(self, frames: bytes) -> bytes:
        told: list[bytes] = []
        for chunk in read_chunks(frames):
            if chunk is None:
                self._ended(told)
                continue
            if not self._head:
                self._started(chunk, told)
            if chunk.usage is not ABSENT:
                self._usage = usage_told(chunk)
            for choice in chunk.choices or ():
                if choice.index != 0:
                    continue
                if choice.delta is not None:
                    self._said(choice.delta, told)
                self._reason = choice.finish_reason or self._reason
        return b"".join(told)

    def broken(self, error: bytes) -> bytes:
        """An event of its own, and the response as one that failed."""
        try:
            said = _decode_error(error).error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            said = _Error("the stream broke off", "server_error")
        code = said.code or said.type or "server_error"
        head = self._head or opening(self._request, None, None)
        failed = {**head, "status": "failed", "error": {"code": code, "message": said.message}, "output": self._done}
        told = self._event("error", {"code": code, "message": said.message, "param": None})
        return told + self._event("response.failed", {"response": failed})

    def _started(self, chunk: Chunk, told: list[bytes]) -> None:
        self._head = opening(self._request, chunk.model, chunk.created)
        told.append(self._event("response.created", {"response": self._head}))
        told.append(self._event("response.in_progress", {"response": self._head}))

    def _said(self, delta: Said, told: list[bytes]) -> None:
        if delta.thought:
            self._piece(THOUGHT, delta.thought, told)
        content = delta.content
        if content:
            self._piece(TEXT, content if isinstance(content, str) else delta.text, told)
        if delta.refusal is not None and delta.declined:
            self._piece(REFUSAL, delta.declined, told)
        for number, call in enumerate(delta.tool_calls or ()):
            self._called(call, call.number(number), told)

    def _piece(self, kind: str, text: str, told: list[bytes]) -> None:
        if not text:
            return
        if self._kind != kind:
            self._begin(kind, told)
        self._pieces.append(text)
        told.append(self._delta(text))

    def _called(self, call: Call, number: int, told: list[bytes]) -> None:
        if self._kind != CALL or number != self._calls:
            self._close(told)
            self._call, self._calls = call, number
            self._begin(CALL, told)
        arguments = (call.function or NOTHING).written
        if arguments:
            self._pieces.append(arguments)
            told.append(self._delta(arguments))

    def _begin(self, kind: str, told: list[bytes]) -> None:
        self._close(told)
        self._kind, self._pieces = kind, []
        item = self._item("", "in_progress")
        told.append(self._event("response.output_item.added", {"output_index": len(self._done), "item": item}))
        where = {"item_id": item["id"], "output_index": len(self._done)}
        if kind != CALL:
            where["content_index"] = 0
            told.append(self._event("response.content_part.added", {**where, "part": self._part("")}))
        name = f"response.{kind}.delta"
        said = name.encode(), name.encode(), _encode(where)[1:-1]
        self._before = b'event: %b\ndata: {"type":"%b",%b,"delta":' % said

    def _delta(self, text: str) -> bytes:
        self._number += 1
        more = b',"logprobs":[]' if self._kind == TEXT else b""
        return b'%b%b%b,"sequence_number":%d}\n\n' % (self._before, _encode(text), more, self._number - 1)

    def _close(self, told: list[bytes]) -> None:
        """End the item under way, if there is one."""
        kind = self._kind
        if not kind:
            return
        text = "".join(self._pieces)
        item = self._item(text, "completed")
        where: dict[str, Any] = {"item_id": item["id"], "output_index": len(self._done)}
        if kind == CALL:
            done: dict[str, Any] = {"name": item["name"], "arguments": text}
        else:
            where["content_index"] = 0
            done = {"refusal" if kind == REFUSAL else "text": text} | ({"logprobs": []} if kind == TEXT else {})
        told.append(self._event(f"response.{kind}.done", {**where, **done}))
        if kind != CALL:
            told.append(self._event("response.content_part.done", {**where, "part": self._part(text)}))
        told.append(self._event("response.output_item.done", {"output_index": len(self._done), "item": item}))
        self._done.append(item)
        self._kind = ""

    def _item(self, text: str, status: str) -> dict[str, Any]:
        """The item under way. Several of one kind are told apart by their place."""
        request = self._request
        if self._kind == CALL:
            return called(request, self._calls, self._call, text, status)
        if self._kind == THOUGHT:
            item = thought(request, text, status)
        else:
            item = message(request, [self._part(text)] if text else [], status)
        if any(done["id"] == item["id"] for done in self._done):
            item["id"] = f"{item['id']}_{len(self._done)}"
        return item

    def _part(self, text: str) -> dict[str, Any]:
        if self._kind == THOUGHT:
            return {"type": THOUGHT, "text": text}
        return refusal_part(text) if self._kind == REFUSAL else text_part(text)

    def _ended(self, told: list[bytes]) -> None:
        if not self._head:
            self._started(Chunk(), told)
        self._close(told)
        end = ending(self._reason)
        response = {**self._head, **end, "output": self._done, "usage": self._usage}
        told.append(self._event(f"response.{end['status']}", {"response": response}))

    def _event(self, name: str, fields: dict[str, Any]) -> bytes:
        self._number += 1
        told = {"type": name, **fields, "sequence_number": self._number - 1}
        return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(told))
