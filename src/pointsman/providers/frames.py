"""Server-sent events as bytes: where whole frames end, and what they carry.

Source: the HTML standard, "Server-sent events". A line ends with LF, CRLF or CR, a frame with an empty line.
"""

from __future__ import annotations

import re

BOM = b"\xef\xbb\xbf"

BLANK = re.compile(rb"(?:\r|\n|\xef\xbb\xbf)+")
"""Empty lines in front of a frame, and marks of the byte order: clients take all but a stream's first for a part of the
name of the field.
"""

_EMPTY_LINES = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r(?!\Z))+|\r\r\Z")
"""A CR at the end of what has come may be half a line end: the rest is waited for, unless lines end with CR alone."""


def frame_end(data: bytes, seen: int = 0) -> int:
    """Where the last whole frame ends; 0 if none is whole. In the first ``seen`` bytes none ended."""
    if data.endswith((b"\n\n", b"\r\n\r\n")):
        return len(data)
    start = max(seen - 3, 0)
    if b"\r" not in data:
        end = data.rfind(b"\n\n", start)
        return end + 2 if end >= 0 else 0
    end = 0
    for found in _EMPTY_LINES.finditer(data, start):
        end = found.end()
    return end


def split_frames(data: bytes) -> list[bytes]:
    """Whole frames, each with its empty line."""
    frames = []
    lines: list[bytes] = []
    for line in data.splitlines(keepends=True):
        lines.append(line)
        if line in (b"\n", b"\r\n", b"\r"):
            frames.append(b"".join(lines))
            lines = []
    return frames


def payload_of(frame: bytes) -> bytes | None:
    """The data of a frame; None for comments and empty ones."""
    payload = only_data(frame)
    return fields_of(frame).get(b"data") if payload is None else payload


def only_data(frame: bytes) -> bytes | None:
    """The data of a frame that is one line of it, as nearly all are; None of any other."""
    if not frame.startswith(b"data: "):
        return None
    end, cr = frame.find(b"\n"), frame.find(b"\r")
    return frame[6:].rstrip() if end >= len(frame) - 3 and cr in (-1, end - 1) else None


def fields_of(frame: bytes) -> dict[bytes, bytes]:
    """The fields of a frame by name: the lines of ``data`` joined, of any other the last; comments are none."""
    found: dict[bytes, bytes] = {}
    for line in frame.splitlines():
        name, _, value = line.partition(b":")
        if name:
            value = value.removeprefix(b" ")
            found[name] = b"%b\n%b" % (found[name], value) if name == b"data" and name in found else value
    return found
