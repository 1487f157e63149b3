"""Size: the first range that holds the model's size decides; its provider serves the name as asked."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.takers import range_of
from pointsman.routing.topology import Topology


def size(_asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if not topology.sizes:
        return None
    name = found.name
    if name is None:
        return "no model named"
    known = topology.size_of(name)
    if known is None:
        return f"the size of {name[:80]!r} is not known"
    rule = range_of(known.billions, topology)
    if rule is None:
        return f"{known} is in no range"
    because = f" ({rule.reason})" if rule.reason else ""
    reason = f"size {known} is {rule.text} -> provider {rule.provider}{because}"
    return Settled(name, reason, topology.served_by(rule.provider, name), rule.fallback)
