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
    pool = topology.serving(name)
    if not pool and rule is None:
        return f"no exact match for {_shown(name)}"
    if name in topology.tagged:
        pool = for_everybody(pool)
    if name in topology.redundant:
        reason = f"exact match {name!r}, redundant at {', '.join(dict.fromkeys(d.provider.name for d in pool))}"
    elif rule is not None:
        reason = f"exact match {name!r} -> provider {rule.provider}"
    else:
        reason = f"exact match: model name {name!r}"
    if rule is None:
        return Settled(name, reason, pool)
    return Settled(rule.model or name, reason, pool, rule.fallback, chain=rule.chain)


def _shown(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:77] + "...")
