"""Exact: the name is listed, in ``exact_matches`` or as a ``model_name``."""

from __future__ import annotations

from pointsman.routing.shapes import Settled
from pointsman.routing.topology import Topology


def exact(name: str | None, topology: Topology) -> Settled | str:
    if name is None:
        return "no model named"
    rule = topology.exact.get(name)
    if rule is not None:
        upstream = rule.model or name
        return Settled(
            upstream,
            f"exact match {name!r} -> provider {rule.provider}",
            topology.served_by(rule.provider, name),
            rule.fallback,
        )
    group = topology.groups.get(name)
    if group is not None:
        return Settled(name, f"exact match: model name {name!r}", group)
    return f"no exact match for {_shown(name)}"


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:77] + "...")
