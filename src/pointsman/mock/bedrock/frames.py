"""Messages of AWS's event stream: a prelude with a checksum, headers that are text, a payload, a checksum of all."""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

from pointsman.mock.message import encode

EVENT_STREAM = b"application/vnd.amazon.eventstream"
TEXT = 7


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = struct.pack("!II", len(head) + len(payload) + 16, len(head))
    most = lengths + struct.pack("!I", crc32(lengths)) + head + payload
    return most + struct.pack("!I", crc32(most))


def event(name: str, value: dict[str, Any]) -> bytes:
    """An event of a stream, as JSON."""
    return _told("event", ":event-type", name, value)


def exception(name: str, value: dict[str, Any]) -> bytes:
    """What ends a stream that failed on the way."""
    return _told("exception", ":exception-type", name, value)


def _told(kind: str, header: str, name: str, value: dict[str, Any]) -> bytes:
    headers = {header: name, ":content-type": "application/json", ":message-type": kind}
    return message(headers, encode(value))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", TEXT, len(value)) + value
