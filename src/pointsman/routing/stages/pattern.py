"""Pattern: the first listed regular expression that matches the name decides; its provider serves the name as asked."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def pattern(_asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name
    if name is None or name in topology.entries:
        return "no model named"
    patterns = topology.patterns
    if not patterns:
        return "no patterns configured"
    rule = patterns.first(name)
    if rule is None:
        return f"none of {len(patterns)} patterns matches"
    reason = f"pattern match {rule.pattern!r} -> provider {rule.provider}"
    return Settled(name, reason, topology.served_by(rule.provider, name), rule.fallback, chain=rule.chain)
