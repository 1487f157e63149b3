"""Streams whose frames are passed on as they came, and looked into.

What is no JSON object is left out and counted; whatever else a frame is goes on, whether anybody here can read it or
not. What is looked at is read field by field, so that one which makes no sense hides none of the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

import msgspec

from pointsman.model.exchange import Refusal
from pointsman.model.outcome import NO_USAGE, FailureKind, Usage
from pointsman.model.request import Request
from pointsman.providers.gathered import Frames, Lines
from pointsman.providers.letters import whole_letters
from pointsman.providers.said import NOT_JSON
from pointsman.providers.values import count

T = TypeVar("T")

MAX_FRAME = 64 * 1024 * 1024
"""Bytes: images and whole web pages come in frames."""

SILENT = (b"", b"null", b'""', b"[]", b"{}", b"false")
"""Values that say nothing."""

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_word = msgspec.json.Decoder(str).decode
_decode_figure = msgspec.json.Decoder(int).decode


def looked_into(decode: Callable[[bytes], T], json: bytes) -> T:
    """What it says, half letters or not. Raises what ``decode`` does."""
    try:
        return decode(json)
    except NOT_JSON:
        return decode(whole_letters(json))


def fields_in(told: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """Of an object; none of whatever else it is."""
    try:
        return _decode_fields(told)
    except NOT_JSON:
        return {}


def word_in(told: msgspec.Raw | None) -> str:
    """A text; empty if it is none."""
    try:
        return _decode_word(told) if told else ""
    except NOT_JSON:
        return ""


def figure_in(told: msgspec.Raw | None) -> int:
    """A count; 0 if it makes no sense."""
    try:
        return count(_decode_figure(told)) if told else 0
    except NOT_JSON:
        return 0


def speaks(told: msgspec.Raw | None) -> bool:
    """There is a value, and it is not empty."""
    return told is not None and bytes(told) not in SILENT


class Passed(ABC):
    """One stream. A subclass looks into its frames. What comes behind the end goes on as well, but is no error."""

    gathers: type[Frames | Lines] = Frames
    unit = "frame"

    def __init__(self, _request: Request, _model: str) -> None:
        self._gathered = self.gathers()
        self.begun = False
        self.content = False
        self.finished = False
        self.refusal: Refusal | None = None
        self.usage: Usage = NO_USAGE
        self.deltas = 0
        self.skipped = 0

    @property
    def ending(self) -> bool:
        return self.finished

    def remember(self) -> None:  # noqa: B027  there is nothing to do, for anybody
        """Nobody can go on with it but in the same words."""

    def said(self) -> None:
        return None

    def feed(self, data: bytes) -> bytes:
        if self.refusal is not None:
            return b""
        told = b"".join([self._measured(frame) for frame in self._gathered.add(data)])
        if len(self._gathered) > MAX_FRAME:
            self._gathered.rest()
            self._too_large()
        return told

    def close(self) -> bytes:
        """The last frame may lack its end. Half of one is no rubbish: the stream was cut."""
        rest = self._gathered.rest()
        if self.refusal is not None:
            return b""
        if not rest.strip():
            return rest
        skipped = self.skipped
        told = self._frame(rest)
        self.skipped = skipped
        return told

    def _measured(self, frame: bytes) -> bytes:
        if self.refusal is not None:
            return b""
        if len(frame) > MAX_FRAME:
            self._too_large()
            return b""
        return self._frame(frame)

    def _too_large(self) -> None:
        if not self.finished and self.refusal is None:
            self.refusal = Refusal(FailureKind.GARBAGE, f"a {self.unit} of more than {MAX_FRAME} bytes", 200)

    @abstractmethod
    def _frame(self, frame: bytes) -> bytes:
        """What of it goes on: all or nothing."""

    def _delta(self) -> None:
        """A frame that has something to say."""
        self.content = self.begun = True
        self.deltas += 1

    def _end(self) -> None:
        self.content = self.begun = self.finished = True
