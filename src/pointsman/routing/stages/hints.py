"""Hints: what the caller says beside the model's name. Refuses what nobody here knows; leaves nobody out."""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.errors import InvalidBody, InvalidHeader
from pointsman.routing.shapes import Asked, Found
from pointsman.routing.tagging import shown
from pointsman.routing.topology import ENTRY, Topology


def hints(asked: Asked, found: Found, topology: Topology) -> str | None:
    name = found.name
    if name is not None and name.startswith(ENTRY) and not topology.serves(name):
        raise InvalidBody(_unknown("router", name, topology.entries), param="model")
    tags = f"tags {shown(asked.tags)}" if asked.tags else None
    if asked.capability is None and asked.task is None and asked.chain is None:
        return tags
    told = [tags] if tags else []
    for word, value, known, header in (
        ("capability", asked.capability, topology.capabilities, "X-Capability"),
        ("task", asked.task, topology.task_names, "X-Task"),
        ("chain", asked.chain, topology.chains, "X-Chain"),
    ):
        if value is not None:
            if value not in known:
                raise InvalidHeader(_unknown(word, value, known), param=header)
            told.append(f"{word} {value!r}")
    return "; ".join(told)


def _unknown(word: str, value: str, known: Iterable[str]) -> str:
    return f"unknown {word} {value[:100]!r}; known: {', '.join(sorted(known)) or 'none is configured'}"
