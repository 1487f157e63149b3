"""What is read of a provider's own events, and of the error that ends a stream."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.providers.frames import payload_of

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Failure(msgspec.Struct, gc=False):
    message: Any = None
    code: Any = None
    type: Any = None


class Event(msgspec.Struct, gc=False):
    response: dict[str, Any] | None = None
    sequence_number: int = -1


class _Body(msgspec.Struct, gc=False):
    error: Failure


_decode_error = msgspec.json.Decoder(_Body).decode
_decode_event = msgspec.json.Decoder(Event).decode


def failure(error: bytes) -> Failure:
    """An error in OpenAI's shape; one that nobody can read says that the stream broke off."""
    try:
        return _decode_error(error).error
    except UNREADABLE:
        return Failure("the stream broke off", "server_error")


def event(frame: bytes) -> Event:
    """What of an event is looked at."""
    try:
        return _decode_event(payload_of(frame) or b"{}")
    except UNREADABLE:
        return Event()
