"""What a dialect is: pure functions from a Request to bytes, and from bytes to an answer or a kind of failure.

The dialects are strangers to each other; what two of them need stands here: where a path begins, how many choices an
answer has, whether a stream shall end with its usage. How errors are read is ``refusals.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import msgspec

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.exchange import Answered, Refusal, StreamReader, Understood, WireRequest
from pointsman.model.request import Request
from pointsman.providers.profiles import PROFILES

VERSION = re.compile(r"v[0-9]+[a-z]*[0-9]*")


class Inexpressible(Exception):  # noqa: N818  says what the request is, not what went wrong
    """The request asks for something this wire format has no words for.

    ``field`` is the one of its fields that it is about, which the message begins with.
    """

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


class Dialect(msgspec.Struct, frozen=True):
    """One wire format: how to write a question, read an answer, and read a stream. ``natives`` are the protocols,
    beside OpenAI's, in which a caller's request is passed on and its answer passed back as they are. ``translated`` is
    how one is written that came in another protocol's words and is not passed on; None: like any other.

    ``write`` raises Inexpressible. What is known before of a request's fields: it does for those of ``lacks``, or if
    there are ``takes`` for all others, as far as they ask for anything (``lacking.py``).
    """

    write: Callable[[Request, Deployment, str], WireRequest]
    read: Callable[[Request, str, Answered], Understood | Refusal]
    reader: Callable[[Request, str], StreamReader]
    natives: Mapping[str, Dialect] = MappingProxyType({})
    translated: Dialect | None = None
    lacks: frozenset[str] = frozenset()
    takes: frozenset[str] | None = None


class StreamOptions(msgspec.Struct, gc=False):
    """The field ``stream_options`` of a request, as much of it as is read here."""

    include_usage: bool = False


_decode_n = msgspec.json.Decoder(int | None).decode
_decode_prompts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_stream_options = msgspec.json.Decoder(StreamOptions | None).decode


def takes_task(provider: Provider) -> bool:
    """Whether a request's ``task`` is passed on to it."""
    return PROFILES[provider.kind].takes_task


def bounded(request: Request, limit: int | None) -> Request:
    """The request with the most tokens that its answer may have, if somebody else than the caller said so."""
    if limit is None:
        return request
    return msgspec.structs.replace(request, body={**request.body, "max_tokens": msgspec.Raw(b"%d" % limit)})


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


def names_version(base_url: str) -> bool:
    """Whether a version stands in the URL's path (``/v1beta/openai``): then none is added."""
    return any(VERSION.fullmatch(part) for part in urlsplit(base_url).path.split("/"))


def versioned(base_url: str, path: str) -> str:
    """An OpenAI path below a base URL: ``/v1`` comes first unless the URL names a version."""
    return path if names_version(base_url) else f"/v1{path}"


def scrubbed(refusal: Refusal, provider: Provider) -> Refusal:
    """The same without the provider's keys and address, which some upstreams repeat in their errors."""
    if refusal.body is None:
        return refusal
    body, address = refusal.body, urlsplit(provider.base_url)
    secrets = [*(secret.reveal() for secret in provider.secrets), provider.base_url, address.netloc]
    for secret in filter(None, secrets):
        body = body.replace(secret.encode(), b"***")
    return msgspec.structs.replace(refusal, body=body)
