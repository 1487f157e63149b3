"""Hints: what the caller says beside the model's name. Refuses what nobody here knows; leaves nobody out."""

from __future__ import annotations

from pointsman.errors import InvalidBody, InvalidHeader
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import ENTRY, Topology


def hints(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    name = found.name
    if name is not None and name.startswith(ENTRY) and not topology.serves(name):
        raise InvalidBody(f"unknown router {name[:100]!r}; known: {_listed(topology.entries)}", param="model")
    if asked.capability is not None and asked.capability not in topology.capabilities:
        known = _listed(topology.capabilities)
        raise InvalidHeader(f"unknown capability {asked.capability[:100]!r}; known: {known}", param="X-Capability")
    if asked.task is not None and asked.task not in topology.task_names:
        known = _listed(topology.task_names)
        raise InvalidHeader(f"unknown task {asked.task[:100]!r}; known: {known}", param="X-Task")
    told = [
        f"{word} {value!r}"
        for word, value in (
            ("tags", ", ".join(asked.tags)),
            ("task", asked.task),
            ("capability", asked.capability),
            ("chain", asked.chain),
        )
        if value
    ]
    return "; ".join(told) or None


def _listed(names: object) -> str:
    return ", ".join(sorted(map(str, names))) or "none is configured"  # type: ignore[call-overload]
