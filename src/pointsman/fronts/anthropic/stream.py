"""OpenAI's stream as Anthropic's named events: one block after the other, each begun, told and ended.

Figures stand in the last event but one: when the first is sent nobody has counted yet.
"""

from __future__ import annotations

from typing import Any

from pointsman.fronts.anthropic.answer import ending, opening, usage_told
from pointsman.fronts.anthropic.blocks import TEXT, THOUGHT, Blocks, event
from pointsman.fronts.anthropic.errors import broken
from pointsman.fronts.chunks import ABSENT, Choice, Said, read_chunks
from pointsman.fronts.shapes import Watch
from pointsman.model.outcome import NO_USAGE, Usage
from pointsman.model.request import Request

BEAT = b'event: ping\ndata: {"type":"ping"}\n\n'
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class Events:
    """One message."""

    def __init__(self, request: Request, _watch: Watch) -> None:
        self._request = request
        self._begun = False
        self._blocks = Blocks(request)
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
        return event("message_start", {"message": message})

    def _said(self, delta: Said, told: list[bytes]) -> None:
        if delta.thought:
            self._blocks.say(THOUGHT, delta.thought, told)
        content = delta.content
        if content:
            self._blocks.say(TEXT, content if isinstance(content, str) else delta.text, told)
        if delta.refusal is not None and delta.declined:
            self._refused = True
            self._blocks.say(TEXT, delta.declined, told)
        if delta.tool_calls:
            self._blocks.call(delta.tool_calls, told)

    def _ended(self) -> bytes:
        told: list[bytes] = []
        if not self._begun:
            told.append(self._started(None))
        self._blocks.end(told)
        delta = ending(self._end, called=self._blocks.called, refused=self._refused)
        told.append(event("message_delta", {"delta": delta, "usage": usage_told(self._usage)}))
        return b"".join([*told, STOP])
