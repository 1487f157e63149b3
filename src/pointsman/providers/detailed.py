"""What a server says of one of the models that it lists, where its list does not: how to ask, and how to read it.

Ollama tells contexts and what a model takes, llama.cpp's server the context that it runs with and whether it takes
images, TGI what a prompt may have, LM Studio contexts and what a model takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.listing import Card, Listing
from pointsman.providers.cards import Entry, card, first_tokens
from pointsman.providers.listed import MOST_BYTES

WINDOW = re.compile(r"^num_ctx[ \t]+([0-9]{1,16})[ \t]*$", re.MULTILINE)
"""In the parameters of an Ollama model."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_entry = msgspec.json.Decoder(Entry).decode


class Detail(msgspec.Struct, frozen=True):
    """One kind's question about a model by its listed name, and what the card is with the answer. ``alone``: it is
    about the server, and says something where that has one model.
    """

    ask: Callable[[str], WireRequest]
    read: Callable[[bytes, Card], Card]
    alone: bool = False


def detail_of(kind: str, listing: Listing) -> Detail | None:
    """How to ask a server of this kind about the models of its list; None if there is nothing to ask."""
    detail = DETAILS.get(kind)
    return None if detail is None or (detail.alone and len(listing.cards) != 1) else detail


def detailed(detail: Detail, reply: object, known: Card) -> Card | None:
    """The card with what the reply says; None if it says nothing."""
    if not isinstance(reply, Answered) or reply.status != 200 or len(reply.body) > MOST_BYTES:
        return None
    try:
        return detail.read(reply.body, known)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _show(model: str) -> WireRequest:
    return WireRequest("/api/show", msgspec.json.encode({"model": model}))


def _shown(body: bytes, known: Card) -> Card:
    """Ollama's: a model runs with the context of its own parameters, if it has any, and never with more than it was
    trained with.
    """
    told = _decode(body)
    info, parameters, abilities = told.get("model_info"), told.get("parameters"), told.get("capabilities")
    trained = None
    if isinstance(info, dict):
        named = info.get(f"{info.get('general.architecture')}.context_length")
        trained = first_tokens([named, *(info[key] for key in info if key.endswith(".context_length"))])
    found = WINDOW.findall(parameters) if isinstance(parameters, str) else []
    own = first_tokens([int(found[-1])]) if found else None
    contexts = [context for context in (own, trained) if context is not None]
    changed: dict[str, Any] = {"context": min(contexts)} if contexts else {}
    if isinstance(abilities, list):
        changed |= {"vision": "vision" in abilities, "tools": "tools" in abilities}
    return _with(known, changed)


def _props(_model: str) -> WireRequest:
    return WireRequest("/props", method="GET")


def _propped(body: bytes, known: Card) -> Card:
    """llama.cpp's: each slot has a context of this size."""
    told = _decode(body)
    settings, modalities = told.get("default_generation_settings"), told.get("modalities")
    context = first_tokens([settings.get("n_ctx")]) if isinstance(settings, dict) else None
    vision = modalities.get("vision") if isinstance(modalities, dict) else None
    return _with(known, {"context": context, "vision": vision if isinstance(vision, bool) else None})


def _info(_model: str) -> WireRequest:
    return WireRequest("/info", method="GET")


def _informed(body: bytes, known: Card) -> Card:
    """TGI's: what a prompt may have, by its newer or its older name, else prompt and answer together."""
    told = _decode(body)
    names = ("max_input_tokens", "max_input_length", "max_total_tokens")
    return _with(known, {"context": first_tokens([told.get(name) for name in names])})


def _studio(model: str) -> WireRequest:
    return WireRequest(f"/api/v0/models/{quote(model)}", method="GET")


def _studied(body: bytes, known: Card) -> Card:
    """LM Studio's own entry."""
    found = card(_decode_entry(body))
    return _with(known, {"context": found.context, "vision": found.vision, "tools": found.tools})


def _with(known: Card, changed: dict[str, Any]) -> Card:
    """What is not said stays."""
    told = {name: value for name, value in changed.items() if value is not None}
    found: Card = msgspec.structs.replace(known, **told)
    return found


DETAILS: dict[str, Detail] = {
    "ollama": Detail(_show, _shown),
    "llama_cpp_native": Detail(_props, _propped, alone=True),
    "llamafile": Detail(_props, _propped, alone=True),
    "tgi": Detail(_info, _informed, alone=True),
    "lm_studio": Detail(_studio, _studied),
}
