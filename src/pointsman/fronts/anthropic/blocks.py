"""The blocks of one streamed message, one after the other: each begun, told and ended before the next begins.

Pieces of calls may come by turns. Only the first block that has not ended is told as it comes; what belongs to a later
one waits. A call has ended when its input is a whole object and another block has begun, or else with the message.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from pointsman.fronts.anthropic.answer import UNSIGNED, call_id
from pointsman.fronts.calls import Calls
from pointsman.fronts.chunks import Call
from pointsman.model.request import Request

TEXT, THOUGHT, CALL = "text", "thinking", "tool_use"

EMPTY: dict[str, dict[str, Any]] = {
    TEXT: {"type": "text", "text": ""},
    THOUGHT: {"type": "thinking", "thinking": "", "signature": UNSIGNED},
}

PIECES = {
    TEXT: b'"text_delta","text":',
    THOUGHT: b'"thinking_delta","thinking":',
    CALL: b'"input_json_delta","partial_json":',
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class _Block:
    """A block under way. ``said`` are its call's pieces so far, ``waiting`` what has come and is not told."""

    __slots__ = ("begun", "kind", "number", "said", "waiting", "whole")

    def __init__(self, kind: str, number: int = -1) -> None:
        self.kind = kind
        self.number = number  # a call's among the calls
        self.begun = False
        self.whole = kind != CALL
        self.said: list[str] = []
        self.waiting: list[str] = []


class Blocks:
    """What is said is written to ``told``, as far as it is its turn."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._calls = Calls()
        self._of_calls: list[_Block] = []
        self._queue: deque[_Block] = deque()  # those that have not ended
        self._ended = 0

    @property
    def called(self) -> bool:
        return bool(self._of_calls)

    def say(self, kind: str, text: str, told: list[bytes]) -> None:
        """A piece of a text or a thought."""
        if not text:
            return
        queue = self._queue
        if not queue or queue[-1].kind != kind:
            queue.append(_Block(kind))
        if len(queue) == 1 and queue[0].begun:
            told.append(_delta(self._ended, kind, text))
            return
        queue[-1].waiting.append(text)
        self._go_on(told)

    def call(self, pieces: list[Call], told: list[bytes]) -> None:
        """Pieces of calls. What follows a whole input is no part of it."""
        for number, arguments in self._calls.told(pieces):
            if number == len(self._of_calls):
                self._of_calls.append(_Block(CALL, number))
                self._queue.append(self._of_calls[number])
            block = self._of_calls[number]
            if arguments and not block.whole:
                block.said.append(arguments)
                block.waiting.append(arguments)
        self._go_on(told)

    def end(self, told: list[bytes]) -> None:
        """Nothing more comes."""
        while self._queue:
            self._tell(self._queue[0], told)
            self._stop(told)

    def _go_on(self, told: list[bytes]) -> None:
        """Tell the first block, and end it if it is whole and another one has begun."""
        queue = self._queue
        while queue:
            first = queue[0]
            if first.kind != CALL or self._calls.heads[first.number].name:
                self._tell(first, told)
            if len(queue) == 1 or not (first.begun and self._is_whole(first)):
                return
            self._stop(told)

    def _is_whole(self, block: _Block) -> bool:
        if not block.whole and block.said and block.said[-1].rstrip().endswith("}"):
            try:
                _decode("".join(block.said))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                return False
            block.whole = True
        return block.whole

    def _tell(self, block: _Block, told: list[bytes]) -> None:
        if not block.begun:
            block.begun = True
            shown = EMPTY[block.kind] if block.kind != CALL else self._used(block.number)
            told.append(event("content_block_start", {"index": self._ended, "content_block": shown}))
        told += [_delta(self._ended, block.kind, text) for text in block.waiting]
        block.waiting.clear()

    def _used(self, number: int) -> dict[str, Any]:
        head = self._calls.heads[number]
        return {"type": "tool_use", "id": call_id(self._request, number, head), "name": head.name, "input": {}}

    def _stop(self, told: list[bytes]) -> None:
        told.append(event("content_block_stop", {"index": self._ended}))
        self._queue.popleft()
        self._ended += 1


def event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **fields}))


def _delta(block: int, kind: str, text: str) -> bytes:
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b%b}}\n\n' % (
        block,
        PIECES[kind],
        _encode(text),
    )
