"""Exact: the name is listed, in ``redundant_models``, in ``exact_matches`` or as a ``model_name``."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import for_everybody
from pointsman.routing.topology import Topology


def exact(_asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name
    if name is None:
        return "no model named"
    rule = topology.exact.get(name)
    shared = topology.redundant.get(name)
    if shared:
        places = ", ".join(dict.fromkeys(d.provider.name for d in shared))
        fallback, chain = (rule.fallback, rule.chain) if rule is not None else (None, None)
        return Settled(name, f"exact match {name!r}, redundant at {places}", shared, fallback, chain=chain)
    if rule is not None:
        return Settled(
            rule.model or name,
            f"exact match {name!r} -> provider {rule.provider}",
            topology.served_by(rule.provider, name),
            rule.fallback,
            chain=rule.chain,
        )
    group = topology.groups.get(name)
    if group is not None:
        pool = for_everybody(group) if name in topology.tagged else group
        return Settled(name, f"exact match: model name {name!r}", pool)
    return f"no exact match for {_shown(name)}"


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:77] + "...")
