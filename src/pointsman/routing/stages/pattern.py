"""Pattern: the first listed regular expression that matches the name decides; its provider serves the name as asked."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology

MAX_NAME = 1024
"""Longer names are not matched at all: no model has such a name, and a search should stay cheap."""


def pattern(_asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name
    if name is None:
        return "no model named"
    if not topology.patterns:
        return "no patterns configured"
    if len(name) <= MAX_NAME:
        for compiled in topology.patterns:
            if compiled.program.search(name):
                rule = compiled.rule
                return Settled(
                    name,
                    f"pattern match {rule.pattern!r} -> provider {rule.provider}",
                    topology.served_by(rule.provider, name),
                    rule.fallback,
                    chain=rule.chain,
                )
    return f"none of {len(topology.patterns)} patterns matches"
