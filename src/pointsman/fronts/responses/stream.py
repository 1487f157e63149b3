"""A chat stream as the events of a response: items and their parts, each begun, told and ended, and at the end all of
it once more.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.fronts.calls import Calls
from pointsman.fronts.chunks import ABSENT, Call, Choice, Chunk, Said, read_chunks
from pointsman.fronts.responses.answer import (
    called,
    ending,
    logprobs,
    message,
    opening,
    refusal_part,
    text_part,
    thought,
    usage_told,
)
from pointsman.fronts.responses.heard import event, failure
from pointsman.fronts.shapes import Watch
from pointsman.model.request import Request
from pointsman.providers.frames import split_frames

TEXT, REFUSAL, THOUGHT, CALL = "output_text", "refusal", "reasoning_text", "function_call_arguments"
"""What the events of each kind of item are named by."""

_encode = msgspec.json.Encoder().encode


class _Open:
    """An item under way. ``before`` is what every piece of it begins with; ``number`` is a call's among the calls,
    ``probable`` what is said of each token of a text.
    """

    __slots__ = ("before", "call", "ident", "index", "kind", "number", "pieces", "probable")

    def __init__(self, kind: str, index: int, number: int, call: Call) -> None:
        self.kind = kind
        self.index = index
        self.number = number
        self.call = call
        self.ident = ""
        self.before = b""
        self.pieces: list[str] = []
        self.probable: list[Any] = []


class Events:
    """One response. A text is told before the next item begins; calls are open to the end, since their pieces may come
    in any order.
    """

    def __init__(self, request: Request, watch: Watch) -> None:
        self._request = request
        self._watch = watch
        self._number = 0
        self._head: dict[str, Any] = {}
        self._output: list[dict[str, Any]] = []  # an item that is under way is empty
        self._idents: set[str] = set()
        self._text: _Open | None = None  # or a thought, or a refusal
        self._probable: list[Any] = []  # of tokens whose text has not come
        self._calls = Calls()
        self._called: list[_Open] = []  # the items of the calls
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
                    if choice.logprobs is not None:
                        self._weighed(choice, choice.delta)
                    self._said(choice.delta, told)
                self._reason = choice.finish_reason or self._reason
        return b"".join(told)

    def heard(self, first: bytes, last: bytes) -> None:
        """It is the response that the provider began, and events are numbered on."""
        for frame in split_frames(first):
            self._head = self._head or event(frame).response or {}
        for frame in split_frames(last):
            self._number = max(self._number, event(frame).sequence_number + 1)

    def broken(self, error: bytes) -> bytes:
        """An event of its own, and the response as one that failed."""
        said = failure(error)
        code = said.code or said.type or "server_error"
        head = self._head or opening(self._request, None, None, self._watch)
        output = [item for item in self._output if item]
        failed = {**head, "status": "failed", "error": {"code": code, "message": said.message}, "output": output}
        told = self._event("error", {"code": code, "message": said.message, "param": None})
        return told + self._event("response.failed", {"response": failed})

    def _started(self, chunk: Chunk, told: list[bytes]) -> None:
        self._head = opening(self._request, chunk.model, chunk.created, self._watch)
        told.append(self._event("response.created", {"response": self._head}))
        told.append(self._event("response.in_progress", {"response": self._head}))

    def _weighed(self, choice: Choice, delta: Said) -> None:
        """Tokens of thoughts and calls have no place in a response."""
        if delta.text or not (delta.thought or delta.tool_calls):
            self._probable += logprobs(choice)

    def _said(self, delta: Said, told: list[bytes]) -> None:
        if delta.thought:
            self._piece(THOUGHT, delta.thought, told)
        content = delta.content
        if content:
            self._piece(TEXT, content if isinstance(content, str) else delta.text, told)
        if delta.refusal is not None and delta.declined:
            self._piece(REFUSAL, delta.declined, told)
        if delta.tool_calls:
            for number, arguments in self._calls.told(delta.tool_calls):
                self._call(number, arguments, told)

    def _piece(self, kind: str, text: str, told: list[bytes]) -> None:
        if not text:
            return
        item = self._text
        if item is None or item.kind != kind:
            self._end_text(told)
            item = self._text = self._begin(_Open(kind, len(self._output), -1, _NO_CALL), told)
        item.pieces.append(text)
        told.append(self._delta(item, text, self._weights(item)))

    def _weights(self, item: _Open) -> list[Any]:
        """What is said of the tokens of a text's newest piece."""
        if item.kind != TEXT or not self._probable:
            return []
        newest, self._probable = self._probable, []
        item.probable += newest
        return newest

    def _call(self, number: int, arguments: str, told: list[bytes]) -> None:
        if number == len(self._called):
            self._end_text(told)
            head = self._calls.heads[number]
            self._called.append(self._begin(_Open(CALL, len(self._output), number, head), told))
        if arguments:
            item = self._called[number]
            item.pieces.append(arguments)
            told.append(self._delta(item, arguments))

    def _begin(self, item: _Open, told: list[bytes]) -> _Open:
        self._output.append({})
        shown = self._shown(item, "", "in_progress")
        if shown["id"] in self._idents:  # several of one kind are told apart by their place
            shown["id"] += f"_{item.index}"
        item.ident = shown["id"]
        self._idents.add(item.ident)
        told.append(self._event("response.output_item.added", {"output_index": item.index, "item": shown}))
        where = {"item_id": item.ident, "output_index": item.index}
        if item.kind != CALL:
            where["content_index"] = 0
            told.append(self._event("response.content_part.added", {**where, "part": _part(item.kind, "", [])}))
        name = f"response.{item.kind}.delta".encode()
        item.before = b'event: %b\ndata: {"type":"%b",%b,"delta":' % (name, name, _encode(where)[1:-1])
        return item

    def _delta(self, item: _Open, text: str, probable: list[Any] | None = None) -> bytes:
        self._number += 1
        more = b""
        if item.kind == TEXT:
            more = b',"logprobs":%b' % _encode(probable) if probable else b',"logprobs":[]'
        return b'%b%b%b,"sequence_number":%d}\n\n' % (item.before, _encode(text), more, self._number - 1)

    def _end_text(self, told: list[bytes]) -> None:
        """End the text under way, if there is one."""
        if self._text is not None:
            self._end(self._text, told)
            self._text = None

    def _end(self, item: _Open, told: list[bytes]) -> None:
        kind, text = item.kind, "".join(item.pieces)
        self._weights(item)
        shown = self._shown(item, text, "completed")
        where: dict[str, Any] = {"item_id": item.ident, "output_index": item.index}
        if kind == CALL:
            done: dict[str, Any] = {"name": shown["name"], "arguments": text}
        else:
            where["content_index"] = 0
            done = {"refusal" if kind == REFUSAL else "text": text} | (
                {"logprobs": item.probable} if kind == TEXT else {}
            )
        told.append(self._event(f"response.{kind}.done", {**where, **done}))
        if kind != CALL:
            told.append(self._event("response.content_part.done", {**where, "part": _part(kind, text, item.probable)}))
        told.append(self._event("response.output_item.done", {"output_index": item.index, "item": shown}))
        self._output[item.index] = shown

    def _shown(self, item: _Open, text: str, status: str) -> dict[str, Any]:
        request = self._request
        if item.kind == CALL:
            shown = called(request, item.number, item.call, text, status)
        elif item.kind == THOUGHT:
            shown = thought(request, text, status)
        else:
            shown = message(request, [_part(item.kind, text, item.probable)] if text else [], status)
        if item.ident:
            shown["id"] = item.ident
        return shown

    def _ended(self, told: list[bytes]) -> None:
        if not self._head:
            self._started(Chunk(), told)
        text = [] if self._text is None else [self._text]
        for item in sorted([*text, *self._called], key=lambda item: item.index):
            self._end(item, told)
        self._text, self._calls, self._called = None, Calls(), []
        end = ending(self._reason)
        response = {**self._head, **end, "output": self._output, "usage": self._usage}
        told.append(self._event(f"response.{end['status']}", {"response": response}))

    def _event(self, name: str, fields: dict[str, Any]) -> bytes:
        self._number += 1
        told = {"type": name, **fields, "sequence_number": self._number - 1}
        return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(told))


_NO_CALL = Call()


def _part(kind: str, text: str, probable: list[Any]) -> dict[str, Any]:
    if kind == THOUGHT:
        return {"type": THOUGHT, "text": text}
    return refusal_part(text) if kind == REFUSAL else text_part(text, probable)
