"""What a front is: pure functions from a caller's own words to an OpenAI-shaped request, and from OpenAI-shaped
answers, frames and errors back to them.

A front never sees which provider answers. One that speaks the same protocol gets the caller's words as they are and its
answer is passed back so (``Native`` in ``model/request.py``); then nothing here is called but ``read``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from pointsman.model.request import Endpoint, Fields, Request
from pointsman.model.view import Clock


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A request in OpenAI's words. ``lost`` are the caller's fields for which there are none, with what in them it is
    (empty: all of it); ``headers`` are lines that a provider of the same protocol is to get, each with its CRLF.
    ``idle`` is an OpenAI-shaped answer, if only such a provider has anything to do.
    """

    endpoint: Endpoint
    body: Fields
    lost: Mapping[str, str] = {}
    headers: bytes = b""
    idle: bytes = b""


class Watch:
    """When a request came, in Unix seconds, and how long ago that is."""

    __slots__ = ("_began", "_came", "_clock")

    def __init__(self, came: float, clock: Clock) -> None:
        self._came = came
        self._clock = clock
        self._began = clock()

    def seconds(self) -> float:
        return self._clock() - self._began

    def now(self) -> float:
        return self._came + self.seconds()


class Teller(Protocol):
    """Tells one stream in the caller's protocol."""

    def tell(self, frames: bytes, /) -> bytes:
        """Whole frames of OpenAI's; what they say, perhaps nothing yet."""
        ...

    def heard(self, first: bytes, last: bytes, /) -> None:
        """The stream passed as it is. Its first whole frames and its last ones, before it is told that it broke off."""
        ...

    def broken(self, error: bytes, /) -> bytes:
        """The last words of a stream that ends before its time, from an error in OpenAI's shape."""
        ...


class Front(msgspec.Struct, frozen=True):
    """One protocol that callers speak.

    ``protocol`` is the word by which a dialect says that it speaks the same (``Dialect.natives``). ``read`` raises
    InvalidBody. ``whole`` gets an OpenAI-shaped answer and raises UpstreamFailed, ``error`` gets a status, an
    OpenAI-shaped error and the request's id. ``kind`` is the content type of streams, ``beat`` what says nothing within
    one, ``headers`` the lines that every response has by which clients know its id. ``streams``: a request that says
    nothing of it wants a stream. ``meant`` tells which name is meant by
    one, going by those that are served.
    """

    protocol: str
    read: Callable[[Fields, Mapping[bytes, bytes]], Asked]
    whole: Callable[[Request, bytes, Watch], bytes]
    teller: Callable[[Request, Watch], Teller]
    error: Callable[[int, bytes, str], bytes]
    kind: bytes
    beat: bytes
    headers: Callable[[str], bytes] = lambda _: b""
    streams: bool = False
    meant: Callable[[str, Callable[[str], bool]], str] | None = None
