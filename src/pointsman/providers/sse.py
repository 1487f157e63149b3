"""OpenAI's stream of server-sent events: passed on as it came, frame by frame, and looked into as it passes.

What is looked for is content, usage, the finish and errors; a frame that makes no sense is left out and counted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import NO_USAGE, FailureKind, Usage
from pointsman.providers.frames import BLANK, BOM, fields_of, frame_end, only_data, split_frames
from pointsman.providers.letters import check_text, whole_letters
from pointsman.providers.refusals import inside
from pointsman.providers.said import ABSENT, NOT_JSON, is_error, there
from pointsman.providers.transcript import Transcript

MAX_FRAME = 1024 * 1024
"""Bytes, line ends around it not counted: a frame that is longer is rubbish, not an answer."""

GAVE_UP = frozenset({"error", "abort", "insufficient_system_resource"})
"""Finish reasons of an answer that was not finished: OpenRouter's, SGLang's and DeepSeek's words."""


class _Delta(msgspec.Struct, gc=False):
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    text: str | None = None
    finish_reason: str | None = None


class _UncountedChunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    error: msgspec.Raw = ABSENT


class _Chunk(_UncountedChunk, gc=False):
    usage: Usage | None = None


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_uncounted_chunk = msgspec.json.Decoder(_UncountedChunk).decode


class SseReader:
    """Reads an OpenAI stream frame by frame and passes each whole frame on as it came."""

    __slots__ = (
        "_choices",
        "_ended",
        "_rest",
        "_transcript",
        "content",
        "deltas",
        "ending",
        "finished",
        "refusal",
        "skipped",
        "usage",
    )

    def __init__(self, choices: int = 1) -> None:
        self._rest = b""
        self._choices = choices
        self._ended = 0
        self._transcript: Transcript | None = None
        self.content = False
        self.ending = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.usage = NO_USAGE
        self.deltas = 0
        self.skipped = 0

    def feed(self, data: bytes) -> bytes:
        if self.finished or self.refusal is not None:
            return b""
        seen = len(self._rest)
        if seen:
            data = self._rest + data
        end = frame_end(data, seen)
        if end < len(data):
            self._rest = data[end:]
            data = data[:end]
            if len(self._rest) > MAX_FRAME:
                return self._large(data)
        else:
            self._rest = b""
        if end > MAX_FRAME:
            return self._large(data)
        if data.find(b"\n\n") + 2 == end and b"\r" not in data:
            payload = only_data(data)
            return self._odd(data) if payload is None else self._data(data, payload)
        return b"".join([self._frame(frame) for frame in split_frames(data)])

    def _large(self, data: bytes) -> bytes:
        """Frames one of which, or the one that has begun behind them, may be too long."""
        told = []
        for frame in split_frames(data):
            self._measure(frame)
            told.append(self._frame(frame))
        self._measure(self._rest)
        return b"".join(told)

    def _measure(self, frame: bytes) -> None:
        if len(frame.strip(b"\r\n")) > MAX_FRAME and not self.finished and self.refusal is None:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a frame of more than {MAX_FRAME} bytes", 200)

    @property
    def begun(self) -> bool:
        return self.content

    def remember(self) -> None:
        self._transcript = Transcript()

    def said(self) -> dict[str, str] | None:
        return self._transcript.texts() if self._transcript is not None else None

    def close(self) -> bytes:
        last = self._last()
        if self.ending and not self.finished and self.refusal is None:
            self.finished = True
            return last + b"data: [DONE]\n\n"
        return last

    def _last(self) -> bytes:
        """A frame that lacks nothing but its empty line. Half a frame is no rubbish: the stream was cut."""
        rest, self._rest = self._rest, b""
        if self.finished or self.refusal is not None:
            return b""
        begun = rest.lstrip(b"\r\n")
        before = rest[: len(rest) - len(begun)]
        if not begun:
            return before
        skipped = self.skipped
        told = self._frame(begun.rstrip(b"\r\n") + b"\n\n")
        if frame_end(begun + b" "):  # it was whole: a CR at its end might have been half of one
            return before + told
        self.skipped = skipped
        return before + told if b"data:" in begun else before

    def _frame(self, frame: bytes) -> bytes:
        """Look into one frame; what of it is to be sent on."""
        if self.finished or self.refusal is not None:
            return b""
        payload = only_data(frame)
        return self._odd(frame) if payload is None else self._data(frame, payload)

    def _odd(self, frame: bytes) -> bytes:
        """Comments, further fields, data in several lines; and the errors of those who name a field or an event so."""
        blank = BLANK.match(frame)
        if blank:
            return blank[0].replace(BOM, b"") + self._frame(frame[blank.end() :])
        fields = fields_of(frame)
        payload = fields.get(b"data")
        if payload is not None and fields.get(b"event") != b"error":
            return self._data(frame, payload.rstrip())
        if payload is None:
            payload = fields.get(b"error", frame if frame.lstrip().startswith(b"{") and is_error(frame) else None)
        return frame if payload is None else self._failed(payload)

    def _data(self, frame: bytes, payload: bytes) -> bytes:
        if payload == b"[DONE]":
            self.finished = self._ended > 0  # without a finish reason it is an end, but not of an answer
            return frame if self.finished else b""
        try:
            check_text(payload)
            chunk = _decode_chunk(payload)
        except NOT_JSON:
            strange = self._strange(payload)
            if strange is None:
                self.skipped += 1
                return b""
            chunk = strange
        if chunk.error is not ABSENT and there(chunk.error):
            return self._failed(payload)
        if chunk.choices:
            return frame if self._noted(chunk.choices, chunk.usage) else self._failed(payload)
        if b'"error"' in payload and is_error(payload):  # the word stands behind "object" or "type"
            return self._failed(payload)
        if chunk.usage is not None:
            self.usage = chunk.usage
        return frame

    def _strange(self, payload: bytes) -> _Chunk | None:
        """A chunk with half letters, or with figures that make no sense and are not believed; None if it is none."""
        try:
            check_text(payload)
            whole = whole_letters(payload)
            known = _decode_uncounted_chunk(whole)
        except NOT_JSON:
            return None
        if whole != payload and self._transcript is not None:
            self._transcript.spoil()
        return _Chunk(known.choices, known.error)

    def _noted(self, choices: list[_Choice], usage: Usage | None) -> bool:
        """Remember what was told; false if it is that the answer failed."""
        if usage is not None:
            self.usage = usage
        transcript = self._transcript
        for choice in choices:
            if choice.finish_reason:  # some say an empty one with every word
                if choice.finish_reason in GAVE_UP:
                    return False
                self._ended += 1
                self.ending, self.content = self._ended >= self._choices, True
                self.deltas += _says(choice)
            elif self.content:  # not looked into any more: a frame behind the first content has some
                self.deltas += 1
            elif _says(choice):
                self.content = True
                self.deltas = 1
            if transcript is not None:
                _write_down(transcript, choice)
        return True

    def _failed(self, payload: bytes) -> bytes:
        self.refusal = inside(payload, "an error inside the stream", begun=self.content)
        return b""


def _says(choice: _Choice) -> bool:
    delta = choice.delta
    if delta is None:
        return bool(choice.text)
    return bool(
        delta.content
        or delta.tool_calls
        or delta.function_call
        or delta.refusal
        or delta.reasoning_content
        or delta.reasoning
        or choice.text
    )


def _write_down(transcript: Transcript, choice: _Choice) -> None:
    delta = choice.delta
    if delta is None:
        if choice.text:
            transcript.add("text", choice.text)
        return
    if delta.content:
        transcript.add("content", delta.content)
    if delta.reasoning_content:
        transcript.add("reasoning_content", delta.reasoning_content)
    if delta.reasoning:
        transcript.add("reasoning", delta.reasoning)
    if delta.tool_calls or delta.function_call or delta.refusal:
        transcript.spoil()
