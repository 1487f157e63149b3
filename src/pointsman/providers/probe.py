"""How to ask a server about itself, beside all requests: pure. What is asked is a table of kinds, in its own file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from pointsman.model.deployment import Provider
from pointsman.model.exchange import Answered, WireRequest
from pointsman.providers.located import located

T = TypeVar("T")

LATEST = ":latest"
"""The tag that Ollama means by none."""


class Probe(msgspec.Struct, Generic[T], frozen=True):
    """One kind's question. ``read`` makes sense of a reply, or of none (None); ``openai``: the path is one of OpenAI's,
    which stands below ``/v1`` or wherever the kind has its like; ``body``: what is sent by POST, where a GET is not
    enough.
    """

    path: str
    read: Callable[[Answered], T | None]
    openai: bool = True
    body: bytes = b""


def question(probes: dict[str, Probe[T]], provider: Provider) -> WireRequest | None:
    """What to ask a server of this kind; None if there is nothing to ask."""
    probe = probes.get(provider.kind)
    if probe is None:
        return None
    path = located(provider, probe.path) if probe.openai else probe.path
    return WireRequest(path, probe.body, "POST" if probe.body else "GET")


def answer(probes: dict[str, Probe[T]], provider: Provider, reply: object) -> T | None:
    """What the reply says; None if it says nothing: it failed, or is not what this kind answers."""
    if not isinstance(reply, Answered):
        return None
    try:
        return probes[provider.kind].read(reply)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
