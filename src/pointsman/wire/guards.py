"""What is wrong with the head of a request, of every kind: what uvicorn leaves to a proxy in front is guarded here."""

from __future__ import annotations

import re
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pointsman.errors import HeadTooLarge, InvalidHeader, PayloadTooLarge, PointsmanError, UnsupportedMedia
from pointsman.wire.exchange import joined

MAX_HEAD = 64 * 1024
"""Bytes of a request head, request line included."""

HOST = re.compile(rb"(?:[A-Za-z0-9._~%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
"""RFC 3986 host and port, without user information."""

ONCE = (b"host", b"authorization", b"x-api-key", b"content-length", b"transfer-encoding")
"""Headers that two readers could understand differently if they stood twice."""


class Limits(Protocol):
    """``max_body`` is bytes. It may change while connections are open."""

    max_body: int


class Guarded(HttpToolsProtocol):
    """uvicorn's protocol with an eye on heads."""

    service: Limits

    _head_bytes: int  # of a head that did not arrive whole, without what was fed last
    _fed: int
    _host: bytes | None = None  # the last one that was found well-formed

    def _problem(  # noqa: PLR0911  a list of refusals
        self, headers: dict[bytes, bytes]
    ) -> PointsmanError | None:
        """What is wrong with a head that is complete."""
        if self._head_bytes + self._fed > MAX_HEAD and self._head_size() > MAX_HEAD:
            return HeadTooLarge(f"the request head is larger than {MAX_HEAD} bytes")
        host = headers.get(b"host")
        if host != self._host or host is None:
            if host is None and self.parser.get_http_version() != "1.0":
                return InvalidHeader("the Host header is missing")
            if host is not None and HOST.fullmatch(host) is None:
                return InvalidHeader("the Host header is malformed")
            self._host = host
        if len(headers) != len(self.headers) and (name := self._join(headers)) is not None:
            return InvalidHeader(f"the header {name} stands more than once")
        if b"content-encoding" in headers and headers[b"content-encoding"] != b"identity":
            return UnsupportedMedia("a compressed request body is not taken; send it as it is")
        if b"content-length" in headers:
            if b"transfer-encoding" in headers:
                return InvalidHeader("content-length and transfer-encoding contradict each other")
            if int(headers[b"content-length"]) > self.service.max_body:
                return too_large(self.service.max_body)
        return None

    def _head_size(self) -> int:
        """What was fed may hold a body too, so the head is counted by itself."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _join(self, headers: dict[bytes, bytes]) -> str | None:
        """Make lines of one name one list; a header that must not stand twice and does is returned."""
        headers.update(joined(self.headers))
        names = [name for name, _ in self.headers]
        return next((name.decode() for name in ONCE if names.count(name) > 1), None)


def too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the request body is larger than {most} bytes")
