"""AWS's event stream (application/vnd.amazon.eventstream) as bytes: where frames end, and what they carry.

A frame is its length and that of its headers (4 bytes each), a checksum of these eight bytes, the headers, the payload,
and a checksum of all before it; numbers are big-endian, checksums CRC-32. Source: Smithy's specification of
``vnd.amazon.eventstream``.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

MAX_FRAME = 1024 * 1024
"""Bytes: a frame that says it is longer is rubbish, not an answer."""

PRELUDE = 12
CHECKSUM = 4

TEXT = 7
SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Types of headers' values -> bytes, where that is fixed: true, false, four integers, a time, a UUID."""

COUNTED = frozenset({6, TEXT})
"""Types whose length stands before them, in two bytes."""

MESSAGE, EVENT, EXCEPTION, ERROR = ":message-type", ":event-type", ":exception-type", ":error-code"

_prelude = struct.Struct("!III").unpack_from
_checksum = struct.Struct("!I").unpack_from
_length = struct.Struct("!H").unpack_from


class Broken(Exception):  # noqa: N818  says what the stream is
    """The stream is no event stream, or was damaged on its way: nothing from this place on can be read."""


class Frame(NamedTuple):
    """``name`` is the event's, or of an exception or error its type; ``failed``: it is one of these."""

    name: str
    failed: bool
    payload: bytes


class Frames:
    """Takes bytes as they come, and tells the same frames however they are cut. What is not whole yet waits in
    ``rest``; ``broken`` says why nothing more can be read, once that is so.
    """

    __slots__ = ("broken", "rest")

    def __init__(self) -> None:
        self.rest = b""
        self.broken = ""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole by now, up to where the stream is broken."""
        frames: list[Frame] = []
        if self.broken:
            return frames
        if self.rest:
            data = self.rest + data
        start, size = 0, len(data)
        try:
            while size - start >= PRELUDE:
                head, end = _measured(data, start)
                if end > size:
                    break
                frames.append(_frame(data, start, head, end - CHECKSUM))
                start = end
        except Broken as reason:
            self.broken = str(reason)
        self.rest = data[start:]
        return frames


def _measured(data: bytes, start: int) -> tuple[int, int]:
    """Where a frame's headers end, and the frame. Raises Broken."""
    length, headers, checksum = _prelude(data, start)
    if crc32(data[start : start + 8]) != checksum:
        raise Broken("the checksum of a frame's length is wrong")
    if length > MAX_FRAME:
        raise Broken(f"a frame of more than {MAX_FRAME} bytes")
    if length < PRELUDE + headers + CHECKSUM:
        raise Broken("a frame that is shorter than its headers")
    return start + PRELUDE + headers, start + length


def _frame(data: bytes, start: int, head: int, end: int) -> Frame:
    """A whole frame: its payload stands between ``head`` and ``end``, its checksum behind that. Raises Broken."""
    if crc32(data[start:end]) != _checksum(data, end)[0]:
        raise Broken("the checksum of a frame is wrong")
    name, failed = _named(data[start + PRELUDE : head])
    return Frame(name, failed, data[head:end])


@lru_cache(maxsize=64)
def _named(headers: bytes) -> tuple[str, bool]:
    """What a frame is called, and whether that is a failure. A stream's frames have few different headers. Raises
    Broken.
    """
    found = fields_of(headers)
    if found.get(MESSAGE, "event") == "event":
        return found.get(EVENT, ""), False
    return found.get(EXCEPTION, found.get(ERROR, "")), True


def fields_of(headers: bytes) -> dict[str, str]:
    """The headers whose value is text, by name. Raises Broken."""
    found: dict[str, str] = {}
    at, size = 0, len(headers)
    try:
        while at < size:
            named = at + 1 + headers[at]
            name, kind, at = headers[at + 1 : named].decode(), headers[named], named + 1
            if kind in COUNTED:
                end = at + 2 + _length(headers, at)[0]
                value = headers[at + 2 : end]
            else:
                end = at + SIZES[kind]
                value = b""
            if end > size:
                raise Broken("a frame's headers end too early")
            if kind == TEXT:
                found[name] = value.decode()
            at = end
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise Broken("a frame's headers make no sense") from error
    return found
