"""What a dialect is: pure functions from a Request to bytes, and from bytes to an answer or a kind of failure.

The dialects are strangers to each other; what two of them need stands here: how a status and an error body are read,
and whether a stream shall end with its usage.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.exchange import Answered, Refusal, StreamReader, Understood, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Request

VERSION = re.compile(r"v[0-9]+[a-z]*[0-9]*")


class Inexpressible(Exception):  # noqa: N818  says what the request is, not what went wrong
    """The request asks for something this wire format has no words for. The message names the field."""


class Dialect(msgspec.Struct, frozen=True):
    """One wire format: how to write a question, read an answer, and read a stream."""

    write: Callable[[Request, Deployment, str], WireRequest]
    read: Callable[[Request, str, Answered], Understood | Refusal]
    reader: Callable[[Request, str], StreamReader]


class ErrorBody(msgspec.Struct, gc=False):
    """An upstream's error, as much of it as is common: ``{"error": {...}}`` or ``{"error": "..."}``."""

    error: Any = None
    message: Any = None
    detail: Any = None


class StreamOptions(msgspec.Struct, gc=False):
    """The field ``stream_options`` of a request, as much of it as is read here."""

    include_usage: bool = False


_decode_error = msgspec.json.Decoder(ErrorBody).decode
_decode_n = msgspec.json.Decoder(int | None).decode
_decode_prompts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_stream_options = msgspec.json.Decoder(StreamOptions | None).decode

TAKES_TASK = frozenset({"openai_compatible"})
"""Kinds whose servers may read a request's ``task``: those of which nothing is known. Others ignore or refuse it."""

STATUS_KINDS: dict[int, FailureKind] = {
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    407: FailureKind.AUTH,
    408: FailureKind.TIMEOUT,
    409: FailureKind.OVERLOADED,
    410: FailureKind.NOT_FOUND,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}


def takes_task(provider: Provider) -> bool:
    """Whether a request's ``task`` is passed on to it."""
    return provider.kind in TAKES_TASK


def wants_usage(request: Request) -> bool:
    """Whether the caller asked for a chunk of usage at the end of its stream."""
    raw = request.body.get("stream_options")
    try:
        return raw is not None and _decode_stream_options(raw) == StreamOptions(True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def choices_of(request: Request) -> int:
    """How many choices the answer has: ``n`` of them for each prompt."""
    body = request.body
    prompts = body.get("prompt") if request.endpoint == "completions" else None
    try:
        n = (_decode_n(body["n"]) or 1) if "n" in body else 1
        many = _decode_prompts(prompts) if prompts is not None and bytes(memoryview(prompts)[:1]) == b"[" else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 1
    return n * max(sum(memoryview(each)[0] in b'["' for each in many), 1)  # a list of numbers is one prompt


def versioned(base_url: str, path: str) -> str:
    """An OpenAI path below a base URL: ``/v1`` comes first unless the URL names a version (``/v1beta/openai``)."""
    named = any(VERSION.fullmatch(part) for part in urlsplit(base_url).path.split("/"))
    return path if named else f"/v1{path}"


def kind_of(status: int) -> FailureKind:
    """The kind of failure that an error status stands for."""
    known = STATUS_KINDS.get(status)
    if known is not None:
        return known
    if 400 <= status < 500:
        return FailureKind.BAD_REQUEST
    return FailureKind.SERVER_ERROR if status >= 500 else FailureKind.GARBAGE


def refusal(answered: Answered) -> Refusal:
    """Read an error reply. The caller sees the upstream's own body only where the request itself was at fault."""
    kind = kind_of(answered.status)
    message = error_message(answered.body)
    at_fault = kind in (FailureKind.BAD_REQUEST, FailureKind.NOT_FOUND)
    shown = error_body(message, answered) if at_fault and message is not None else None
    return Refusal(
        kind,
        f"status {answered.status}",
        answered.status,
        retry_after(answered),
        shown,
    )


def scrubbed(refusal: Refusal, provider: Provider) -> Refusal:
    """The same without the provider's key and address, which some upstreams repeat in their errors."""
    if refusal.body is None:
        return refusal
    body, address = refusal.body, urlsplit(provider.base_url)
    secrets = [provider.api_key.reveal() if provider.api_key else "", provider.base_url, address.netloc]
    for secret in filter(None, secrets):
        body = body.replace(secret.encode(), b"***")
    return msgspec.structs.replace(refusal, body=body)


def error_message(body: bytes) -> str | None:
    """The sentence in an error body, if it has one."""
    try:
        found = _decode_error(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for place in (found.error, found.message, found.detail):
        if isinstance(place, dict):
            place = place.get("message")  # noqa: PLW2901  the sentence is one level down
        if isinstance(place, str) and place:
            return place[:2000]
    return None


def error_body(message: str, answered: Answered) -> bytes:
    """The upstream's error in the OpenAI shape; one that has this shape already is passed on as it is."""
    try:
        found = msgspec.json.decode(answered.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, dict) and "message" in error:
        return answered.body
    kind = "invalid_request_error"
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": None}})


def retry_after(answered: Answered) -> float | None:
    """Seconds the upstream asks to wait: ``retry-after-ms``, then ``retry-after``. None if absent or absurd."""
    for name, unit in ((b"retry-after-ms", 0.001), (b"retry-after", 1.0)):
        value = answered.header(name)
        if value is not None:
            seconds = _number(value) * unit if _number(value) is not None else _date(value, answered)  # type: ignore[operator]
            if seconds is not None and 0 < seconds < float("inf"):
                return seconds
    return None


def _number(value: bytes) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if number == number else None  # noqa: PLR0124  NaN is no number of seconds


def _date(value: bytes, answered: Answered) -> float | None:
    """A date is read against the reply's own ``date`` header, so no clock is needed."""
    sent = answered.header(b"date")
    if sent is None:
        return None
    try:
        gap = parsedate_to_datetime(value.decode("latin-1")) - parsedate_to_datetime(sent.decode("latin-1"))
    except (ValueError, TypeError, OverflowError):
        return None
    return gap.total_seconds()
