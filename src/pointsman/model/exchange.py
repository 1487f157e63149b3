"""What goes over the wire, as facts: a request to an upstream, its whole reply, and a reader of its stream."""

from __future__ import annotations

from typing import Protocol

import msgspec

from pointsman.model.outcome import NO_USAGE, FailureKind, Usage

JSON = b"application/json"
OCTETS = b"application/octet-stream"
JSON_LINE = b"content-type: application/json\r\n"


class WireRequest(msgspec.Struct, frozen=True, gc=False):
    """What to send: a path below the provider's base URL and a body. A path is always asked by one method. ``headers``
    are the lines of the head that are about this request, each with its CRLF: what the body is, and more. ``limit`` is
    how many tokens the answer may have where the caller did not say, told by those whose servers don't tell that an
    answer ended for it.
    """

    path: str
    body: bytes = b""
    method: str = "POST"
    headers: bytes = JSON_LINE
    limit: int | None = None


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A whole reply. Header names are as received; look them up in lower case with ``header``."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        for key, value in self.headers.items():
            if key.lower() == name:
                return value
        return None


class Understood(msgspec.Struct, frozen=True, gc=False):
    """An answer in OpenAI's shape, or (``native``) in the words that the request came in. ``stream``: the body is all
    the frames of one. ``kind`` is its content type.
    """

    body: bytes
    usage: Usage = NO_USAGE
    stream: bool = False
    native: bool = False
    kind: bytes = JSON


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A reply that is no answer. ``body`` is the upstream's own error if the caller may see it as it is.

    ``retry_after`` is seconds; ``detail`` is for people and names no key and no address. ``param`` is the field of the
    request that it is about, where that is known.
    """

    kind: FailureKind
    detail: str
    status: int = 0
    retry_after: float | None = None
    body: bytes | None = None
    param: str | None = None


class Loaded(msgspec.Struct, frozen=True, gc=False):
    """Which models a server holds in memory: those, or whatever it serves (``all``)."""

    models: frozenset[str] = frozenset()
    all: bool = False

    def has(self, model: str | None) -> bool | None:
        """None where it depends on the name that is asked for."""
        return True if self.all else None if model is None else model in self.models


class StreamReader(Protocol):
    """Turns an upstream's stream into the caller's frames: pure, fed with bytes as they come.

    ``content`` becomes true with the first frame that carries an answer for the caller, ``ending`` when all of it was
    said, ``finished`` when the stream has said that it is complete, ``refusal`` when it has said that it is not.
    ``begun``: the upstream answers, though what it says may not be for the caller yet. ``deltas`` counts frames that
    carry content, each about a token; ``skipped`` those that made no sense.
    """

    content: bool

    @property
    def begun(self) -> bool: ...

    @property
    def ending(self) -> bool: ...

    @property
    def finished(self) -> bool: ...

    @property
    def refusal(self) -> Refusal | None: ...

    @property
    def usage(self) -> Usage: ...

    @property
    def deltas(self) -> int: ...

    @property
    def skipped(self) -> int: ...

    def feed(self, data: bytes, /) -> bytes:
        """Whole frames to send on, perhaps none."""
        ...

    def close(self) -> bytes:
        """The upstream ended: what is still to be sent. ``finished`` tells if the stream was complete."""
        ...

    def remember(self) -> None:
        """From now on keep what the caller is told. Called before anything is fed."""
        ...

    def said(self) -> dict[str, str] | None:
        """The text that the caller was told, by the field it came in; None if it was not kept, or was no text alone."""
        ...
