"""From the bytes of a request to what routing must know. Refuses what is not plain JSON of the right types.

Values stay unparsed; only the fields that Pointsman reads are looked at, and those that it alone reads (its hints) are
taken out. A body is refused if a key stands twice, because two readers could then see two different requests.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.model.request import Endpoint, Fields, Request

HINTS = frozenset({"fallbacks", "num_retries", "timeout"})
"""Body fields meant for Pointsman, not for a model."""

AUTO = "auto"
"""The model name that leaves the choice to content."""


class _Envelope(msgspec.Struct, gc=False):
    """The fields whose types are checked here. Everything else is the upstream's to judge."""

    model: str | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    timeout: float | None = None
    num_retries: int | None = None
    fallbacks: list[str | dict[str, Any]] | None = None


class _Key(str):
    """A key of the outermost object, counted as it is read."""

    __slots__ = ()


class _Keys:
    """Counts the keys of an object, twice-standing ones twice."""

    def __init__(self) -> None:
        self._count = 0
        self._decode = msgspec.json.Decoder(dict[_Key, msgspec.Raw], dec_hook=self._seen).decode

    def count(self, body: bytes | bytearray) -> int:
        self._count = 0
        self._decode(body)
        return self._count

    def _seen(self, _type: type, key: Any) -> _Key:
        self._count += 1
        return _Key(key)


_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode
_keys = _Keys()

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

LISTED = {"chat": "messages", "completions": "prompt", "embeddings": "input"}
"""What must be there, and for chat must be a list."""


def read_body(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Raises InvalidBody, which names the place. Time and memory are linear in the body's length."""
    try:
        if not body.isascii():
            str(body, "utf-8")
        fields = _decode_fields(body)
        seen = _decode_envelope(body)
        if len(_encode(fields)) != len(body) and _keys.count(body) != len(fields):
            raise InvalidBody("the request body has a key twice")
    except msgspec.ValidationError as error:
        raise _mistyped(error) from None
    except MALFORMED as error:
        raise InvalidBody(f"the request body is not valid JSON: {_cause(error)}") from None
    _check_content(endpoint, fields)
    if seen.n is not None and not 1 <= seen.n <= 128:
        raise InvalidBody("n must be between 1 and 128", param="n")
    fallbacks = None if seen.fallbacks is None else tuple(_fallback(entry) for entry in seen.fallbacks)
    if not HINTS.isdisjoint(fields):
        _check_hints(seen)
        for hint in HINTS:
            fields.pop(hint, None)
    return Request(
        endpoint,
        None if seen.model == AUTO else seen.model,
        fields,
        bool(seen.stream) and endpoint != "embeddings",
        headers,
        len(body) // 4,
        seen.timeout,
        seen.num_retries,
        fallbacks,
        request_id,
    )


def _check_content(endpoint: Endpoint, fields: Fields) -> None:
    name = LISTED[endpoint]
    content = fields.get(name)
    if content is None:
        raise InvalidBody(f"the request body has no {name}", param=name)
    first = bytes(memoryview(content)[:1])
    if endpoint == "chat" and first != b"[":
        raise InvalidBody("messages must be a list", param=name)
    if endpoint != "chat" and first not in (b"[", b'"'):
        raise InvalidBody(f"{name} must be a text or a list", param=name)


def _check_hints(seen: _Envelope) -> None:
    if seen.timeout is not None and not 0 < seen.timeout <= 86_400:
        raise InvalidBody("timeout must be a number of seconds above 0, at most a day", param="timeout")
    if seen.num_retries is not None and not 0 <= seen.num_retries <= 10:
        raise InvalidBody("num_retries must be between 0 and 10", param="num_retries")


def _fallback(entry: str | dict[str, Any]) -> str:
    name = entry.get("model") if isinstance(entry, dict) else entry
    if not isinstance(name, str):
        raise InvalidBody("fallbacks must be model names", param="fallbacks")
    return name


def _mistyped(error: msgspec.ValidationError) -> InvalidBody:
    """Msgspec says "Expected `bool`, got `str` - at `$.stream`"; the place becomes ``param``."""
    text = str(error)
    said, _, place = text.partition(" - at ")
    param = place.strip("`").removeprefix("$").lstrip(".") or None
    return InvalidBody(f"{param or 'the request body'}: {said[:1].lower()}{said[1:]}", param=param)


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error)[:200]
