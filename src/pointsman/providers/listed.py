"""Which models a server serves, and how large they are: how to ask it, and what its list says, a row a kind.

Ollama tells sizes, llama.cpp's server sizes and contexts, vLLM contexts. What hosted services tell differs
(``cards.py``); most tell names alone. What some tell of one model at a time is ``detailed.py``. A list that can't be
read, or is absurdly long, says nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from pointsman.model.exchange import Answered
from pointsman.model.listing import MOST, Card, Listing, usable
from pointsman.providers.cards import PRICES, Entry, card, size_said
from pointsman.providers.probe import LATEST, Probe
from pointsman.providers.profiles import PROFILES

MOST_BYTES = 4 * 1024 * 1024
"""Of a list; the longest in use, of hundreds of hosted models with their descriptions, has a tenth of that."""

BEFORE = "models/"
"""What Gemini's names begin with in its list."""

_ABSENT: Any = None


class _Details(msgspec.Struct, gc=False):
    parameter_size: Any = _ABSENT


class _Tag(msgspec.Struct, gc=False):
    name: str
    digest: Any = _ABSENT
    details: _Details | None = None


class _Tags(msgspec.Struct, gc=False):
    models: list[_Tag] | None


class _Entries(msgspec.Struct, gc=False):
    data: list[Entry]


class _Model(msgspec.Struct, gc=False):
    """Of Triton's repository."""

    name: str
    version: str = ""
    state: str = ""


_decode_models = msgspec.json.Decoder(list[_Model]).decode
_decode_tags = msgspec.json.Decoder(_Tags).decode
_decode_entries = msgspec.json.Decoder(_Entries | list[Entry]).decode


def _tags(reply: Answered) -> Listing | None:
    """Ollama's models on disk. One without a tag is its ``latest``."""
    if not _worth_reading(reply):
        return None
    tags = [tag for tag in _decode_tags(reply.body).models or () if usable(tag.name)][:MOST]
    cards = {tag.name: Card(size_said(tag.details.parameter_size if tag.details else None)) for tag in tags}
    editions = {tag.name: tag.digest for tag in tags if isinstance(tag.digest, str) and tag.digest}
    short = {name.removesuffix(LATEST): name for name in cards if name.endswith(LATEST)}
    spellings = {word: name for word, name in short.items() if word not in cards}
    return Listing(cards, spellings, editions=editions)


def _entries(reply: Answered, *, any_name: bool = False, kind: str = "") -> Listing | None:
    """A list in OpenAI's shape, or its entries alone, as Together sends them. ``any_name``: who lists one model answers
    with it to any name. Gemini's names may be said without the word before them.
    """
    if not _worth_reading(reply):
        return None
    told = _decode_entries(reply.body)
    if not told:
        return None
    entries = [entry for entry in (told.data if isinstance(told, _Entries) else told) if usable(entry.id)][:MOST]
    cards = {entry.id: card(entry, kind) for entry in entries}
    short = {name.removeprefix(BEFORE): name for name in cards if name.startswith(BEFORE)}
    spellings = {word: name for word, name in short.items() if word not in cards}
    return Listing(cards, spellings, any_name=any_name and len(cards) == 1)


def _repository(reply: Answered) -> Listing | None:
    """Triton's models that are ready. Each has a line a version, by which a configuration may name it."""
    if not _worth_reading(reply):
        return None
    models = [model for model in _decode_models(reply.body) if model.state == "READY" and usable(model.name)][:MOST]
    spelled = {f"{model.name}/versions/{model.version}": model.name for model in models if model.version}
    return Listing({model.name: Card() for model in models}, spelled)


def _worth_reading(reply: Answered) -> bool:
    return reply.status == 200 and len(reply.body) <= MOST_BYTES


_OPENAI: Probe[Listing] = Probe("/models", _entries)
_LLAMA_CPP: Probe[Listing] = Probe("/models", partial(_entries, any_name=True))

LISTED: dict[str, Probe[Listing]] = {
    **{kind: _OPENAI for kind, profile in PROFILES.items() if profile.lists},
    "ollama": Probe("/api/tags", _tags, openai=False),
    "llama_cpp_native": _LLAMA_CPP,
    "llama_cpp_python": _LLAMA_CPP,
    "anthropic": Probe("/models?limit=1000", _entries),
    **{kind: Probe("/models", partial(_entries, kind=kind)) for kind in PRICES},
    "triton": Probe("/v2/repository/index", _repository, openai=False, body=b'{"ready":true}'),
}
