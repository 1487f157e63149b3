"""What a caller wishes for the way of a request: how often, for how long, and whom to turn to instead.

A header counts before the body, as in LiteLLM, and ours before LiteLLM's of the same meaning. All of these fields are
taken out of the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.gateway.envelope import (
    LISTED,
    LONGEST_NAME,
    MALFORMED,
    check_bounds,
    check_content,
    envelope_of,
    mistyped,
)
from pointsman.gateway.hints import FIELDS as HINTED
from pointsman.gateway.lines import text_of, wrong
from pointsman.model.request import Endpoint, Fields

SHORTEST_TIME, LONGEST_TIME = 0.001, 86_400.0
"""Seconds. In less than the first nobody answers, so asking would only cost."""

MOST_RETRIES = 10

LARGEST, MOST_FALLBACKS = 256 * 1024, 32
"""Bytes and entries of a ``fallbacks`` field: more of either is no request but an attempt to cost time."""

HEADERS = {
    b"x-pointsman-num-retries": "num_retries",
    b"x-pointsman-timeout": "timeout",
    b"x-pointsman-stream-timeout": "stream_timeout",
    b"x-litellm-num-retries": "num_retries",
    b"x-litellm-timeout": "timeout",
    b"x-litellm-stream-timeout": "stream_timeout",
}
"""Header -> the body's field that it stands before; the first of two counts."""


class Wishes(msgspec.Struct, gc=False):
    """``fallbacks`` and ``fallback_fields`` as in a Request. ``bytes``: how much of the body was about them alone."""

    num_retries: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    disable_fallbacks: bool | None = None
    fallbacks: tuple[str, ...] | None = None
    fallback_fields: tuple[Fields, ...] = ()
    bytes: int = 0


class _Written(msgspec.Struct, gc=False):
    """The fields as the body has them."""

    num_retries: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    disable_fallbacks: bool | None = None
    fallbacks: msgspec.Raw = msgspec.Raw()


FIELDS = frozenset(_Written.__struct_fields__)
"""Body fields meant for Pointsman, not for a model."""

UNCHANGEABLE = FIELDS | HINTED | {"stream"}
"""What a fallback can't ask for otherwise than its request."""

_encode = msgspec.json.Encoder().encode
_decode_written = msgspec.json.Decoder(_Written).decode
_decode_entries = msgspec.json.Decoder(list[str | Fields] | None).decode
_decode_text = msgspec.json.Decoder(str).decode
_DECODERS: dict[str, Any] = {
    "num_retries": msgspec.json.Decoder(int).decode,
    "timeout": msgspec.json.Decoder(float).decode,
    "stream_timeout": msgspec.json.Decoder(float).decode,
}
_A_TIME = f"must be a number of seconds between {SHORTEST_TIME:g} and {LONGEST_TIME:g}"
_BOUNDS = {
    "num_retries": f"must be between 0 and {MOST_RETRIES}",
    "timeout": _A_TIME,
    "stream_timeout": _A_TIME,
}


def read_wishes(endpoint: Endpoint, fields: Fields, headers: Mapping[bytes, bytes]) -> Wishes:
    """What they say, taken out of ``fields``. Raises InvalidBody or InvalidHeader, which name the place."""
    wishes = Wishes() if FIELDS.isdisjoint(fields) else _of_body(endpoint, fields)
    for name, field in reversed(HEADERS.items()):
        text = text_of(headers, name)
        if text:
            setattr(wishes, field, _number(name, field, text))
    return wishes


def _of_body(endpoint: Endpoint, fields: Fields) -> Wishes:
    taken = {name: fields.pop(name) for name in FIELDS if name in fields}
    try:
        written = _decode_written(_encode(taken))
    except msgspec.ValidationError as error:
        raise mistyped(error) from None
    wishes = Wishes(written.num_retries, written.timeout, written.stream_timeout, written.disable_fallbacks)
    for field, problem in _BOUNDS.items():
        if not _within(field, getattr(wishes, field)):
            raise InvalidBody(f"{field} {problem}", param=field)
    raw = bytes(written.fallbacks)
    if raw:
        wishes.bytes = len(raw)
        wishes.fallbacks, wishes.fallback_fields = _fallbacks(endpoint, raw)
    if wishes.disable_fallbacks:
        wishes.fallbacks, wishes.fallback_fields = (), ()
    return wishes


def _within(field: str, value: float | None) -> bool:
    if value is None:
        return True
    return 0 <= value <= MOST_RETRIES if field == "num_retries" else SHORTEST_TIME <= value <= LONGEST_TIME


def _number(name: bytes, field: str, text: str) -> float:
    """A header's, written as in JSON."""
    try:
        value: float = _DECODERS[field](text)
    except MALFORMED:
        raise wrong(name, _BOUNDS[field]) from None
    if not _within(field, value):
        raise wrong(name, _BOUNDS[field])
    return value


def _fallbacks(endpoint: Endpoint, raw: bytes) -> tuple[tuple[str, ...] | None, tuple[Fields, ...]]:
    """``["name"]`` or LiteLLM's ``[{"model": "name", …}]``, whose further fields take the place of the request's."""
    try:
        entries = _decode_entries(raw) if len(raw) <= LARGEST else [""]
    except MALFORMED:
        entries = [""]
    if entries is None:
        return None, ()
    read = [_entry(endpoint, index, entry) for index, entry in enumerate(entries[: MOST_FALLBACKS + 1])]
    names = tuple(name for name, _ in read)
    if len(names) > MOST_FALLBACKS or not all(0 < len(name) <= LONGEST_NAME for name in names):
        raise InvalidBody("fallbacks must be a short list of model names", param="fallbacks")
    return names, tuple(fields for _, fields in read) if any(fields for _, fields in read) else ()


def _entry(endpoint: Endpoint, index: int, entry: str | Fields) -> tuple[str, Fields]:
    """A name, "" if there is none, and what is asked for otherwise there."""
    if isinstance(entry, str):
        return entry, {}
    try:
        name = _decode_text(entry.pop("model", b""))
    except MALFORMED:
        return "", {}
    fixed = sorted(UNCHANGEABLE & entry.keys())
    if fixed:
        raise InvalidBody(f"fallbacks[{index}] can't have a {fixed[0]} of its own", param="fallbacks")
    try:
        if entry:
            check_bounds(envelope_of(entry))
        if LISTED[endpoint] in entry:
            check_content(endpoint, entry)
    except msgspec.ValidationError as error:
        raise _inside(index, mistyped(error)) from None
    except InvalidBody as error:
        raise _inside(index, error) from None
    return name, entry


def _inside(index: int, error: InvalidBody) -> InvalidBody:
    return InvalidBody(f"fallbacks[{index}]: {error.message}", param="fallbacks")
