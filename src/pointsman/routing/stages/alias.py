"""Alias: a public name that stands for another. Only the name changes; the next stages settle it."""

from __future__ import annotations

from pointsman.routing.shapes import Settled
from pointsman.routing.topology import Topology


def alias(name: str | None, topology: Topology) -> Settled | str:
    target = topology.aliases.get(name) if name is not None else None
    if target is None:
        return "not an alias"
    return Settled(target, f"{name!r} is an alias of {target!r}")
