"""What routing must know of a call. Built once at the border, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from pointsman.model.outcome import FailureKind

Endpoint = Literal[
    "chat", "completions", "embeddings", "count_tokens", "rerank", "moderations", "images", "image_edits",
    "image_variations", "speech", "transcriptions", "translations",
]  # fmt: skip
"""What may be asked. Paths and wire formats are the gateway's and the providers' business. All but the first three are
told in one protocol's own words alone.
"""

TALKS: frozenset[Endpoint] = frozenset({"chat", "completions"})
"""Endpoints whose answers are texts that a model writes token by token."""

METERED: frozenset[Endpoint] = TALKS | {"embeddings", "rerank"}
"""Endpoints that are charged by the tokens of their texts, so that what one costs can be estimated."""

SOUNDS: frozenset[Endpoint] = frozenset({"speech"})
"""Endpoints whose answers are passed on as they come, whether a stream was asked for or not."""

Fields = dict[str, msgspec.Raw]
"""A JSON object whose values stay unparsed: what nobody asks for is passed on byte for byte."""


class Spelt(Fields):
    """The fields of a body that they alone would not give back to the byte, with its ``text``: there are blanks between
    them, or escapes in their names. Whoever changes them changes a copy, and copies have no text.
    """

    __slots__ = ("text",)

    def __init__(self, fields: Fields, text: bytes | bytearray) -> None:
        super().__init__(fields)
        self.text = text


class Hints(msgspec.Struct, frozen=True, gc=False):
    """What a caller says beside the model's name, in headers and in the body. Most say nothing.

    ``tags`` are those of the headers and the body, without what a task may become. ``task`` is the body's field,
    ``task_class`` the header ``X-Task``. ``session`` names a conversation.
    """

    tags: tuple[str, ...] = ()
    task: str | None = None
    task_class: str | None = None
    capability: str | None = None
    chain: str | None = None
    session: str | None = None


NO_HINTS = Hints()
"""The very object that requests without hints share."""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """Whom a caller wants asked instead: public names, and what the body says otherwise for each of them, or empty."""

    names: tuple[str, ...] = ()
    fields: tuple[Fields, ...] = ()


class Native(msgspec.Struct, frozen=True, gc=False):
    """A call in the words that it came in, where those are not OpenAI's: who speaks them too gets them as they are.

    ``protocol`` names the words ("anthropic", "ollama", "responses"), ``fields`` is the body without what is meant for
    Pointsman. ``lost`` are fields for which OpenAI's protocol has no words, with what in them it is (empty: all of it).
    ``headers`` are lines that go with it, each with its CRLF. ``form`` is a multipart body, parted where the model's
    name belongs. ``path`` is where in that protocol it is asked. ``idle`` is an OpenAI-shaped answer where whoever does
    not speak it has nothing to do; empty where anybody has.
    """

    protocol: str
    fields: Fields
    lost: Mapping[str, str] = {}
    headers: bytes = b""
    form: tuple[bytes, bytes] | None = None
    path: str = ""
    idle: bytes = b""


NO_TURNS: Mapping[FailureKind, Turn] = MappingProxyType({})
"""Likewise."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call as it was asked.

    ``model`` is the name asked for (None: content decides). ``body`` holds the fields to pass on, without the
    fields meant for Pointsman (``fallbacks``, ``num_retries``, ``timeout`` …), which are the fields below.
    ``headers`` has lower-case names. ``tokens`` estimates prompt tokens. ``timeout`` is seconds for the whole
    request, retries and fallbacks included; ``stream_timeout`` those of a stream's first content and silences.
    ``fallbacks`` are the caller's own, in the place of the configured, and ``fallback_fields`` what the body says
    otherwise for each of them, or empty. ``turns`` are his for one cause, by the failure that is it.
    ``disable_fallbacks`` goes with none: not even those for one cause are wanted. ``drop_params``: may fields
    be left out that a provider has no words for (None: as configured). ``native`` is the call as it came, if
    its protocol is not OpenAI's; ``body`` is OpenAI-shaped all the same. ``at`` is when it came, in Unix seconds (0:
    nobody said).
    """

    endpoint: Endpoint
    model: str | None
    body: Fields
    stream: bool = False
    headers: Mapping[bytes, bytes] = {}
    tokens: int = 0
    timeout: float | None = None
    num_retries: int | None = None
    fallbacks: tuple[str, ...] | None = None
    id: str = ""
    hints: Hints = NO_HINTS
    stream_timeout: float | None = None
    fallback_fields: tuple[Fields, ...] = ()
    disable_fallbacks: bool = False
    turns: Mapping[FailureKind, Turn] = NO_TURNS
    native: Native | None = None
    drop_params: bool | None = None
    at: float = 0.0
