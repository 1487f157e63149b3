"""Converse's event stream as OpenAI's stream: a role first, then deltas, then finish, usage if asked for, [DONE]."""

from __future__ import annotations

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.bedrock.frames import Frame, Frames
from pointsman.providers.bedrock.read import (
    Call,
    Counts,
    finish_reason,
    redacted,
    signed,
    tool_call,
    usage_of,
    usage_told,
)
from pointsman.providers.chunks import Chunks
from pointsman.providers.refusals import inside
from pointsman.providers.said import NOT_JSON
from pointsman.providers.transcript import Transcript


class Arguments(msgspec.Struct, gc=False):
    """Some more of a call's arguments, as JSON in pieces."""

    input: str = ""


class Reasoning(msgspec.Struct, gc=False, rename="camel"):
    """One of these is there: some more of a thought, what signs it, or one that nobody may read."""

    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class Delta(msgspec.Struct, gc=False, rename="camel"):
    """One of these is there, or something that OpenAI has no word for, such as a citation."""

    text: str | None = None
    tool_use: Arguments | None = None
    reasoning_content: Reasoning | None = None


class Said(msgspec.Struct, gc=False):
    delta: Delta


class Start(msgspec.Struct, gc=False, rename="camel"):
    tool_use: Call | None = None


class Started(msgspec.Struct, gc=False):
    start: Start


class Stopped(msgspec.Struct, gc=False, rename="camel"):
    stop_reason: str | None = None


class Metadata(msgspec.Struct, gc=False):
    usage: Counts | None = None


_decode_said = msgspec.json.Decoder(Said).decode
_decode_started = msgspec.json.Decoder(Started).decode
_decode_stopped = msgspec.json.Decoder(Stopped).decode
_decode_metadata = msgspec.json.Decoder(Metadata).decode


class ConverseReader:
    """One stream. It is complete with the reason to stop; the usage comes behind it."""

    def __init__(self, request: Request, model: str) -> None:
        self._chat = request.endpoint == "chat"
        self._chunks = Chunks(request, model)
        self._frames = Frames()
        self._counts = Counts()
        self._calls = 0
        self._thoughts: list[str] = []  # of the block under way
        self._arguments: bool | None = None  # of the tool call under way: some were told; None if there is no call
        self._transcript: Transcript | None = None
        self.begun = False
        self.content = False
        self.ending = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.deltas = 0
        self.skipped = 0

    @property
    def usage(self) -> Usage:
        return usage_of(self._counts)

    def remember(self) -> None:
        self._transcript = Transcript()

    def said(self) -> dict[str, str] | None:
        return self._transcript.texts() if self._transcript is not None else None

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        told = b"".join([self._frame(frame) for frame in self._frames.feed(data)])
        if self._frames.broken and not self.finished and self.refusal is None:
            self.refusal = Refusal(FailureKind.GARBAGE, self._frames.broken, 200)
        return told

    def close(self) -> bytes:
        """Half a frame is no rubbish: the stream was cut. The usage may be missing."""
        return self._end() if self.ending and not self.finished and self.refusal is None else b""

    def _frame(self, frame: Frame) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        if frame.failed:
            self.refusal = inside(frame.payload, "an error inside the stream", frame.name, begun=self.content)
            return b""
        try:
            return self._told(frame.name, frame.payload)
        except NOT_JSON:
            self.skipped += 1
            return b""

    def _told(self, event: str, payload: bytes) -> bytes:
        if event == "contentBlockDelta":
            return self._delta(payload)
        if event == "contentBlockStart":
            return self._started(payload)
        if event == "contentBlockStop":
            return self._closed()
        if event == "messageStart":
            return self._chunks.opening()
        if event == "messageStop":
            return self._stopped(payload)
        return self._metadata(payload) if event == "metadata" else b""  # an event of a later day

    def _started(self, payload: bytes) -> bytes:
        call = _decode_started(payload).start.tool_use
        self._arguments = None
        if call is None or not self._chat:
            return b""
        self._arguments = False
        self._calls += 1
        self.content = self.begun = True
        self.deltas += 1
        if self._transcript is not None:
            self._transcript.spoil()
        return self._chunks.call(tool_call(call, self._calls - 1, ""))

    def _delta(self, payload: bytes) -> bytes:
        """A piece of a text, a thought or a call."""
        delta = _decode_said(payload).delta
        if delta.text is not None:
            return self._piece("content" if self._chat else "text", delta.text)
        if delta.reasoning_content is not None:
            self.begun = True
            return self._thought(delta.reasoning_content) if self._chat else b""
        if delta.tool_use is not None and self._arguments is not None and delta.tool_use.input:
            self._arguments = True
            self.deltas += 1
            return self._chunks.arguments(self._calls - 1, delta.tool_use.input)
        return b""

    def _thought(self, more: Reasoning) -> bytes:
        """A signed thought is told once more, whole, so that it can be sent back."""
        if more.signature:
            return self._chunks.thought(signed("".join(self._thoughts), more.signature))
        if more.redacted_content:
            return self._chunks.thought(redacted(more.redacted_content))
        self._thoughts.append(more.text)
        return self._piece("reasoning_content", more.text)

    def _closed(self) -> bytes:
        """A call without arguments has none told; OpenAI's users read them as JSON all the same."""
        missing, self._arguments = self._arguments is False, None
        self._thoughts = []
        return self._chunks.arguments(self._calls - 1, "{}") if missing else b""

    def _stopped(self, payload: bytes) -> bytes:
        reason = _decode_stopped(payload).stop_reason
        self.content = self.begun = self.ending = True
        return self._chunks.finish(finish_reason(reason))

    def _metadata(self, payload: bytes) -> bytes:
        self._counts = _decode_metadata(payload).usage or self._counts
        return self._end() if self.ending else b""

    def _end(self) -> bytes:
        self.finished = True
        return self._chunks.end(usage_told(self._counts))

    def _piece(self, channel: str, text: str) -> bytes:
        if not text:
            return b""
        self.content = self.begun = True
        self.deltas += 1
        if self._transcript is not None:
            self._transcript.add(channel, text)
        return self._chunks.piece(channel, text)


def reader(request: Request, model: str) -> ConverseReader:
    return ConverseReader(request, model)
