"""Server-sent events read by the letter of the HTML standard, slowly: what our reader of frames is compared with.

Source: the HTML standard, 9.2.5 and 9.2.6, "Parsing an event stream" and "Interpreting an event stream".
"""

from __future__ import annotations

import re
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """What an empty line ends. ``data`` is None where nothing is dispatched; ``fields`` are all that were named."""

    kind: bytes
    data: bytes | None
    fields: dict[bytes, bytes]


def lines_of(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines that have ended, and what has not."""
    *lines, rest = re.split(rb"\r\n|\n|\r", data)
    return lines, rest


def events(data: bytes, *, boms: bool = False) -> list[Event]:
    """``boms``: marks of the byte order are ignored in front of any event, not one in front of the first alone."""
    found, block = [], []
    for line in lines_of(data.removeprefix(BOM))[0]:
        while boms and not block and line.startswith(BOM):
            line = line.removeprefix(BOM)  # noqa: PLW2901 - as often as it stands there
        if line:
            block.append(line)
        else:
            if block:
                found.append(_event(block))
            block = []
    return found


def _event(lines: list[bytes]) -> Event:
    kind, data, fields = b"", b"", {}
    for line in lines:
        if line.startswith(b":"):
            continue
        name, value = (line.split(b":", 1)[0], line.split(b":", 1)[1]) if b":" in line else (line, b"")
        if value.startswith(b" "):
            value = value[1:]
        fields[name] = value
        if name == b"event":
            kind = value
        elif name == b"data":
            data += value + b"\n"
    return Event(kind, data[:-1] if data else None, fields)
