"""Anthropic's named events as OpenAI's stream: a role first, then deltas, then finish, usage if asked for, [DONE]."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.anthropic.read import (
    Block,
    Counts,
    finish_reason,
    thought,
    tool_call,
    usage_of,
    usage_told,
)
from pointsman.providers.chunks import Chunks
from pointsman.providers.frames import frame_end, payload_of, split_frames
from pointsman.providers.refusals import inside
from pointsman.providers.said import NOT_JSON
from pointsman.providers.transcript import Transcript

MAX_FRAME = 1024 * 1024
"""Bytes: a frame that grows beyond this without ending is rubbish, not an answer."""

EVENT = b"event: "


class Started(msgspec.Struct, gc=False):
    model: str | None = None
    usage: Counts | None = None


class Delta(msgspec.Struct, gc=False):
    """Of a block, by its type; or of the message, with the reason to stop."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: Any = None
    stop_reason: str | None = None


class Event(msgspec.Struct, gc=False):
    type: str
    message: Started | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Counts | None = None


_decode_event = msgspec.json.Decoder(Event).decode
_encode = msgspec.json.Encoder().encode


class EventReader:
    """One stream. Frames may be cut anywhere; what is not a whole one yet waits in ``_rest``."""

    def __init__(self, request: Request, model: str) -> None:
        self._chat = request.endpoint == "chat"
        self._rest = b""
        self._chunks = Chunks(request, model)
        self._counts = Counts()
        self._reason: str | None = None
        self._calls = 0
        self._thoughts: list[str] = []
        self._arguments: bool | None = None  # of the tool call under way: some were told; None if there is no call
        self._transcript: Transcript | None = None
        self.begun = False
        self.content = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.deltas = 0
        self.skipped = 0

    @property
    def usage(self) -> Usage:
        return usage_of(self._counts)

    @property
    def ending(self) -> bool:
        return self.finished

    def remember(self) -> None:
        self._transcript = Transcript()

    def said(self) -> dict[str, str] | None:
        return self._transcript.texts() if self._transcript is not None else None

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        seen = len(self._rest)
        data = self._rest + data
        end = frame_end(data, seen)
        self._rest = data[end:]
        if len(self._rest) > MAX_FRAME:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a frame of more than {MAX_FRAME} bytes", 200)
            return b""
        return b"".join([self._frame(frame) for frame in self._split(data[:end])])

    def close(self) -> bytes:
        """A last event may lack its empty line. Half of one is no rubbish: the stream was cut."""
        rest, self._rest = self._rest, b""
        if not rest.strip() or self.finished or self.refusal is not None:
            return b""
        skipped = self.skipped
        told = self._frame(rest)
        self.skipped = skipped
        return told

    def _split(self, data: bytes) -> list[bytes]:
        return data[:-2].split(b"\n\n") if data and b"\r" not in data else split_frames(data)

    def _frame(self, frame: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        payload = data_of(frame)
        if payload is None:
            return b""
        try:
            event = _decode_event(payload)
        except NOT_JSON:
            self.skipped += 1
            return b""
        if event.type == "error":
            self.refusal = inside(payload, "an error inside the stream", begun=self.content)
            return b""
        return self._told(event)

    def _told(self, event: Event) -> bytes:
        if event.usage is not None:
            add(self._counts, event.usage)
        if event.type == "content_block_delta" and event.delta is not None:
            return self._said(event.delta)
        if event.type == "content_block_start" and event.content_block is not None:
            return self._started(event.content_block)
        if event.type == "content_block_stop":
            return self._stopped()
        if event.type == "message_delta" and event.delta is not None:
            self._reason = event.delta.stop_reason or self._reason
        elif event.type == "message_start" and event.message is not None:
            self._chunks.model = event.message.model or self._chunks.model
            if event.message.usage is not None:
                add(self._counts, event.message.usage)
            return self._chunks.opening()
        elif event.type == "message_stop":
            return self._ending()
        return b""  # a ping, or an event of a later day

    def _said(self, delta: Delta) -> bytes:
        """A piece of a text, a thought or a call. A signed thought is told once more, whole, to be sent back."""
        if delta.type == "text_delta":
            return self._piece("content" if self._chat else "text", delta.text or "")
        if delta.type == "thinking_delta":
            self.begun = True
            self._thoughts.append(delta.thinking or "")
            return self._piece("reasoning_content", delta.thinking or "") if self._chat else b""
        if delta.type == "signature_delta":
            return self._thought(Block("thinking", thinking="".join(self._thoughts), signature=delta.signature))
        if delta.type == "input_json_delta" and self._arguments is not None and delta.partial_json:
            self._arguments = True
            return self._call({"index": self._calls - 1, "function": {"arguments": delta.partial_json}})
        return b""

    def _started(self, block: Block) -> bytes:
        if block.type == "tool_use" and self._chat:
            self._arguments = bool(block.input)
            self._calls += 1
            arguments = _encode(block.input).decode() if block.input else ""
            return self._call(tool_call(block, self._calls - 1, arguments))
        self._arguments = None
        self._thoughts = []
        if block.type == "redacted_thinking":
            return self._thought(block)
        if block.type == "text":
            return self._piece("content" if self._chat else "text", block.text or "")
        return b""

    def _stopped(self) -> bytes:
        """A call without arguments has none told; OpenAI's users read them as JSON all the same."""
        missing, self._arguments = self._arguments is False, None
        return self._call({"index": self._calls - 1, "function": {"arguments": "{}"}}) if missing else b""

    def _piece(self, channel: str, text: str) -> bytes:
        if not text:
            return b""
        self.content = self.begun = True
        self.deltas += 1
        if self._transcript is not None:
            self._transcript.add(channel, text)
        return self._chunks.piece(channel, text)

    def _thought(self, block: Block) -> bytes:
        signed = thought(block)
        if signed is None or not self._chat:
            return b""
        return self._chunks.thought(signed)

    def _call(self, call: dict[str, Any]) -> bytes:
        self.content = self.begun = True
        self.deltas += 1
        if self._transcript is not None:
            self._transcript.spoil()
        return self._chunks.call(call)

    def _ending(self) -> bytes:
        self.content = self.begun = self.finished = True
        return self._chunks.finish(finish_reason(self._reason)) + self._chunks.end(usage_told(self._counts))


def data_of(frame: bytes) -> bytes | None:
    """The data of a frame: an event's name and one line of data, as nearly all are, or any other."""
    if frame.startswith(EVENT) and b"\r" not in frame:
        _, found, data = frame.partition(b"\ndata: ")
        if found and b"\n" not in data:
            return data
    return payload_of(frame)


def add(counts: Counts, more: Counts) -> None:
    """Figures are of all so far; those that are not told again stay."""
    for name in counts.__struct_fields__:
        value = getattr(more, name)
        if value is not None:
            setattr(counts, name, value)


def reader(request: Request, model: str) -> EventReader:
    return EventReader(request, model)
