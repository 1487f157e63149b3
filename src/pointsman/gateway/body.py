"""From the bytes of a request to what routing must know. Refuses what is not plain JSON of the right types.

Values stay unparsed; only the fields that Pointsman reads are looked at, and those that it alone reads (its hints) are
taken out. A body is refused if a key stands twice, because two readers could then see two different requests.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.gateway.hints import FIELDS, HEADERS, read_hints
from pointsman.model.request import NO_HINTS, Endpoint, Fields, Request

HINTS = frozenset({"fallbacks", "num_retries", "timeout"})
"""Body fields meant for Pointsman, not for a model."""

LOOKED_INTO = HINTS | FIELDS

AUTO = "auto"
"""The model name that leaves the choice to content."""


LARGE = 64 * 1024
"""Bytes: what is larger is looked at in one pass only, and may not have more than MOST_KEYS keys."""

LONGEST_NAME = 512
"""Characters of a model name: names are remembered, and callers choose them."""

MOST_KEYS, MOST_FALLBACKS = 1000, 4096
"""Keys of a large body, bytes of a ``fallbacks`` field: more of either is no request but an attempt to cost time."""


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
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode
_decode_fallbacks = msgspec.json.Decoder(list[str | dict[str, Any]] | None).decode
_counting = _Counting()

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

LISTED = {"chat": "messages", "completions": "prompt", "embeddings": "input"}
"""What must be there, and for chat must be a list."""

LIST, TEXT = b'["'
"""How the two begin in JSON."""


def read_body(endpoint: Endpoint, body: bytes | bytearray, headers: dict[bytes, bytes], request_id: str) -> Request:
    """Raises InvalidBody, which names the place. Time and memory are linear in the body's length."""
    try:
        if not body.isascii():
            str(body, "utf-8")
        if len(body) < LARGE:
            fields = _decode_fields(body)
            seen = _decode_envelope(body)
            if len(_encode(fields)) != len(body):  # white space, or a key twice
                _counting.read(body)
        else:
            fields, seen = _read_large(body)
    except msgspec.ValidationError as error:
        raise _mistyped(error) from None
    except MALFORMED as error:
        raise InvalidBody(f"the request body is not valid JSON: {_cause(error)}") from None
    _check_content(endpoint, fields)
    if seen.model is not None and len(seen.model) > LONGEST_NAME:
        raise InvalidBody(f"model is longer than {LONGEST_NAME} characters", param="model")
    if seen.n is not None and not 1 <= seen.n <= 128:
        raise InvalidBody("n must be between 1 and 128", param="n")
    fallbacks, hinted = None, NO_HINTS
    if not LOOKED_INTO.isdisjoint(fields):
        _check_hints(seen)
        fallbacks = _fallbacks(fields)
        hinted = read_hints(fields, headers)
    elif not HEADERS.isdisjoint(headers):
        hinted = read_hints(fields, headers)
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
        hinted,
    )


def _read_large(body: bytes | bytearray) -> tuple[Fields, _Envelope]:
    fields = _counting.read(body)
    known = {name: fields[name] for name in _Envelope.__struct_fields__ if name in fields}
    return fields, _decode_envelope(_encode(known))


def _check_content(endpoint: Endpoint, fields: Fields) -> None:
    name = LISTED[endpoint]
    content = fields.get(name)
    if content is None:
        raise InvalidBody(f"the request body has no {name}", param=name)
    first = memoryview(content)[0]
    if first == LIST:
        return
    if endpoint == "chat":
        raise InvalidBody("messages must be a list", param=name)
    if first != TEXT:
        raise InvalidBody(f"{name} must be a text or a list", param=name)


def _check_hints(seen: _Envelope) -> None:
    if seen.timeout is not None and not 0 < seen.timeout <= 86_400:
        raise InvalidBody("timeout must be a number of seconds above 0, at most a day", param="timeout")
    if seen.num_retries is not None and not 0 <= seen.num_retries <= 10:
        raise InvalidBody("num_retries must be between 0 and 10", param="num_retries")


def _fallbacks(fields: Fields) -> tuple[str, ...] | None:
    """``["name"]`` or LiteLLM's ``[{"model": "name"}]``; it is taken out with all that is ours."""
    raw = bytes(fields.get("fallbacks", b""))
    for hint in HINTS:
        fields.pop(hint, None)
    if not raw:
        return None
    try:
        entries = _decode_fallbacks(raw) if len(raw) <= MOST_FALLBACKS else [{}]
    except msgspec.ValidationError:
        entries = [{}]
    names = [entry.get("model") if isinstance(entry, dict) else entry for entry in entries or ()]
    if not all(isinstance(name, str) for name in names):
        raise InvalidBody("fallbacks must be a short list of model names", param="fallbacks")
    return None if entries is None else tuple(map(str, names))


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
