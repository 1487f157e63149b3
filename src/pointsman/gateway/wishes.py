"""What a caller wishes for the way of a request: how often, for how long, and whom to turn to instead.

A header counts before the body, as in LiteLLM, and ours before LiteLLM's of the same meaning. All of these fields are
taken out of the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.gateway.envelope import MALFORMED, mistyped
from pointsman.gateway.hints import FIELDS as HINTED
from pointsman.gateway.lines import text_of, wrong
from pointsman.gateway.turns import ANY, Reader
from pointsman.model.outcome import FailureKind
from pointsman.model.request import NO_TURNS, Endpoint, Fields, Turn

SHORTEST_TIME, LONGEST_TIME = 0.001, 86_400.0
"""Seconds. In less than the first nobody answers, so asking would only cost."""

MOST_RETRIES = 10

TURNS = {
    "context_window_fallbacks": FailureKind.CONTEXT,
    "content_policy_fallbacks": FailureKind.FILTERED,
}
"""Body field -> the one cause that its fallbacks are for."""

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
    """``fallbacks``, ``fallback_fields`` and ``turns`` as in a Request. ``bytes``: how much of the body was about them
    alone.
    """

    num_retries: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    disable_fallbacks: bool | None = None
    fallbacks: tuple[str, ...] | None = None
    fallback_fields: tuple[Fields, ...] = ()
    turns: Mapping[FailureKind, Turn] = NO_TURNS
    bytes: int = 0
    drop_params: bool | None = None


class _Written(msgspec.Struct, gc=False):
    """The fields as the body has them."""

    num_retries: int | None = None
    timeout: float | None = None
    stream_timeout: float | None = None
    disable_fallbacks: bool | None = None
    drop_params: bool | None = None
    fallbacks: msgspec.Raw = msgspec.Raw()
    context_window_fallbacks: msgspec.Raw = msgspec.Raw()
    content_policy_fallbacks: msgspec.Raw = msgspec.Raw()


FIELDS = frozenset(_Written.__struct_fields__)
"""Body fields meant for Pointsman, not for a model."""

UNCHANGEABLE = FIELDS | HINTED | {"stream"}
"""What a fallback can't ask for otherwise than its request."""

_encode = msgspec.json.Encoder().encode
_decode_written = msgspec.json.Decoder(_Written).decode
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


def read_wishes(endpoint: Endpoint, model: str | None, fields: Fields, headers: Mapping[bytes, bytes]) -> Wishes:
    """What they say about a request for ``model``, taken out of ``fields``. Raises InvalidBody or InvalidHeader, which
    name the place.
    """
    wishes = Wishes() if FIELDS.isdisjoint(fields) else _of_body(endpoint, model, fields)
    for name, field in reversed(HEADERS.items()):
        text = text_of(headers, name)
        if text:
            setattr(wishes, field, _number(name, field, text))
    return wishes


def _of_body(endpoint: Endpoint, model: str | None, fields: Fields) -> Wishes:
    taken = {name: fields.pop(name) for name in FIELDS if name in fields}
    try:
        written = _decode_written(_encode(taken))
    except msgspec.ValidationError as error:
        raise mistyped(error) from None
    wishes = Wishes(written.num_retries, written.timeout, written.stream_timeout, written.disable_fallbacks)
    wishes.drop_params = written.drop_params
    for field, problem in _BOUNDS.items():
        if not _within(field, getattr(wishes, field)):
            raise InvalidBody(f"{field} {problem}", param=field)
    wishes.bytes = sum(len(bytes(getattr(written, field))) for field in ("fallbacks", *TURNS))
    usual = Reader(endpoint, "fallbacks", UNCHANGEABLE).read(bytes(written.fallbacks))
    if usual is not None:
        wishes.fallbacks, wishes.fallback_fields = usual.names, usual.fields
    for field, cause in TURNS.items():
        turn = Reader(endpoint, field, UNCHANGEABLE, model or ANY).read(bytes(getattr(written, field)))
        if turn is not None:
            wishes.turns = {**wishes.turns, cause: turn}
    if wishes.disable_fallbacks:
        wishes.fallbacks, wishes.fallback_fields, wishes.turns = (), (), NO_TURNS
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
