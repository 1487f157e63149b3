"""OpenAI's stream as Anthropic's named events: one block after the other, each begun, told and ended.

Figures stand in the last event but one: when the first is sent nobody has counted yet.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.fronts.anthropic.answer import UNSIGNED, call_id, ending, opening, usage_told
from pointsman.fronts.anthropic.errors import broken
from pointsman.fronts.chunks import ABSENT, NOTHING, Call, Choice, Said, read_chunks
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request

BEAT = b'event: ping\ndata: {"type":"ping"}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

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


class Events:
    """One message. Calls are known by their number among all calls, blocks by theirs among all blocks."""

    def __init__(self, request: Request, _watch: Watch) -> None:
        self._request = request
        self._begun = False
        self._kind = ""  # of the block under way; empty if there is none
        self._blocks = 0
        self._calls: dict[int, int] = {}  # a call's number -> its block's
        self._end = Choice()
        self._refused = False
        self._usage: Usage = NO_USAGE

    def tell(self, frames: bytes) -> bytes:
        told: list[bytes] = []
        for chunk in read_chunks(frames):
            if chunk is None:
                told.append(self._ended())
                continue
            if not self._begun:
                told.append(self._started(chunk.model))
            if chunk.usage is not ABSENT:
                self._usage = chunk.counted or self._usage
            for choice in chunk.choices or ():
                if choice.index != 0:
                    continue
                if choice.delta is not None:
                    self._said(choice.delta, told)
                if choice.finish_reason:
                    self._end = choice
        return b"".join(told)

    def heard(self, _first: bytes, _last: bytes) -> None:
        """Errors stand alone."""

    def broken(self, error: bytes) -> bytes:
        return broken(error)

    def _started(self, model: Any) -> bytes:
        self._begun = True
        message = {
            **opening(self._request, model),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_told(NO_USAGE),
        }
        return _event("message_start", {"message": message})

    def _said(self, delta: Said, told: list[bytes]) -> None:
        if delta.thought:
            self._piece(THOUGHT, delta.thought, told)
        content = delta.content
        if content:
            self._piece(TEXT, content if isinstance(content, str) else delta.text, told)
        if delta.refusal is not None and delta.declined:
            self._refused = True
            self._piece(TEXT, delta.declined, told)
        for number, call in enumerate(delta.tool_calls or ()):
            self._call(call, call.number(number), told)

    def _piece(self, kind: str, text: str, told: list[bytes]) -> None:
        if not text:
            return
        if self._kind != kind:
            self._open(kind, EMPTY[kind], told)
        told.append(_delta(self._blocks - 1, kind, text))

    def _call(self, call: Call, number: int, told: list[bytes]) -> None:
        if number not in self._calls:
            ident = call_id(self._request, number, call)
            self._open(CALL, {"type": "tool_use", "id": ident, "name": call.name, "input": {}}, told)
            self._calls[number] = self._blocks - 1
        arguments = (call.function or NOTHING).written
        if arguments:
            told.append(_delta(self._calls[number], CALL, arguments))

    def _open(self, kind: str, block: dict[str, Any], told: list[bytes]) -> None:
        self._close(told)
        told.append(_event("content_block_start", {"index": self._blocks, "content_block": block}))
        self._kind = kind
        self._blocks += 1

    def _close(self, told: list[bytes]) -> None:
        if self._kind:
            told.append(_event("content_block_stop", {"index": self._blocks - 1}))
            self._kind = ""

    def _ended(self) -> bytes:
        told: list[bytes] = []
        if not self._begun:
            told.append(self._started(None))
        self._close(told)
        delta = ending(self._end, called=bool(self._calls), refused=self._refused)
        told.append(_event("message_delta", {"delta": delta, "usage": usage_told(self._usage)}))
        return b"".join([*told, STOP])


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **fields}))


def _delta(block: int, kind: str, text: str) -> bytes:
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b%b}}\n\n' % (
        block,
        PIECES[kind],
        _encode(text),
    )
