"""Alias: a public name that stands for another. Only the name changes; the next stages settle it."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def alias(_asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if not topology.aliases:
        return None
    target = topology.aliases.get(found.name) if found.name is not None else None
    if target is None:
        return "not an alias"
    return Settled(target, f"{found.name!r} is an alias of {target!r}")
