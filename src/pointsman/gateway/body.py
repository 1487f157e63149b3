"""From the bytes of a request to what routing must know. Refuses what is not plain JSON of the right types.

Values stay unparsed; only the fields that Pointsman reads are looked at, and those that it alone reads are taken out. A
body is refused if a key stands twice, because two readers could then see two different requests.
"""

from __future__ import annotations

from time import time
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.gateway import hints, wishes
from pointsman.gateway.envelope import (
    MALFORMED,
    Envelope,
    check_bounds,
    check_content,
    envelope_of,
    mistyped,
    read_envelope,
)
from pointsman.model.request import SOUNDS, Endpoint, Fields, Native, Request, Spelt

LOOKED_INTO = hints.FIELDS | wishes.FIELDS
"""Body fields that most requests don't have."""

HEADERS = hints.HEADERS | wishes.HEADERS.keys()

AUTO = "auto"
"""The model name that leaves the choice to content."""

LARGE = 64 * 1024
"""Bytes: what is larger is looked at in one pass only, and may not have more than MOST_KEYS keys."""

MOST_KEYS = 1000
"""Of a large body: more is no request but an attempt to cost time."""


class _Key(str):
    """A key of the outermost object, counted as it is read."""

    __slots__ = ()


class _Counting:
    """Reads an object and refuses keys that stand twice, and too many of them, while it reads."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._decode = msgspec.json.Decoder(dict[_Key, msgspec.Raw], dec_hook=self._note).decode

    def read(self, body: bytes | bytearray) -> Fields:
        self._seen.clear()
        return {str(key): value for key, value in self._decode(body).items()}

    def _note(self, _type: type, key: Any) -> _Key:
        if key in self._seen:
            raise InvalidBody(f"the request body has the key {key[:100]!r} twice")
        if len(self._seen) >= MOST_KEYS:
            raise InvalidBody(f"the request body has more than {MOST_KEYS} keys")
        self._seen.add(key)
        return _Key(key)


_decode_fields = msgspec.json.Decoder(Fields).decode
_encode = msgspec.json.Encoder().encode
_counting = _Counting()


def read_body(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Raises InvalidBody, which names the place. Time and memory are linear in the body's length."""
    fields, seen = read_fields(body)
    check_content(endpoint, fields)
    return request_of(endpoint, fields, seen, headers, len(body), request_id)


def read_passing(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Of an endpoint that is passed through. Raises InvalidBody, which names the place."""
    request = read_body(endpoint, body, headers, request_id)
    stream = request.stream or endpoint in SOUNDS
    return msgspec.structs.replace(request, stream=stream, native=Native("openai", request.body, {"model": endpoint}))


def read_fields(body: bytes | bytearray) -> tuple[Fields, Envelope]:
    """All fields, and those that are looked at in any body. Raises InvalidBody."""
    try:
        if not body.isascii():
            str(body, "utf-8")
        if len(body) < LARGE:
            fields = _decode_fields(body)
            seen = read_envelope(body)
            if _encode(fields) != body:  # white space, an escape in a key, or a key twice
                _counting.read(body)
                fields = Spelt(fields, body)
        else:
            fields, seen = _read_large(body)
    except msgspec.ValidationError as error:
        raise mistyped(error) from None
    except MALFORMED as error:
        raise InvalidBody(f"the request body is not valid JSON: {_cause(error)}") from None
    check_bounds(seen)
    return fields, seen


def request_of(
    endpoint: Endpoint,
    fields: Fields,
    seen: Envelope,
    headers: dict[bytes, bytes],
    size: int,
    request_id: str,
) -> Request:
    """What a body of ``size`` bytes and its headers ask; what is meant for Pointsman alone is not passed on. Raises
    InvalidBody or InvalidHeader.
    """
    model, stream = None if seen.model == AUTO else seen.model, bool(seen.stream) and endpoint != "embeddings"
    if LOOKED_INTO.isdisjoint(fields) and HEADERS.isdisjoint(headers):
        return Request(endpoint, model, fields, stream, headers, size // 4, id=request_id, at=time())
    left = fields.copy()
    try:
        wished, said = wishes.read_wishes(endpoint, model, left, headers), hints.read_hints(left, headers)
    except RecursionError as error:  # read from further in than the whole was
        raise InvalidBody(f"the request body is not valid JSON: {_cause(error)}") from None
    return Request(
        endpoint,
        model,
        fields if left == fields else left,
        stream,
        headers,
        (size - wished.bytes) // 4,
        wished.timeout,
        wished.num_retries,
        wished.fallbacks,
        request_id,
        said,
        wished.stream_timeout,
        wished.fallback_fields,
        bool(wished.disable_fallbacks),
        wished.turns,
        drop_params=wished.drop_params,
        at=time(),
    )


def _read_large(body: bytes | bytearray) -> tuple[Fields, Envelope]:
    fields = Spelt(_counting.read(body), body)
    return fields, envelope_of(fields)


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error)[:200]
