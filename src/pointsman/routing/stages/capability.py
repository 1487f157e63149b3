"""Capability: what ``X-Capability`` asks for, by preferred models, providers, least size and least context."""

from __future__ import annotations

from pointsman.config.settings import Capability
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.model.sizes import size_of
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def capability(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if asked.capability is None:
        return None
    wanted = topology.capabilities[asked.capability]
    known: dict[str, str] = {}
    pool = _kept(_candidates(wanted, found.name, topology), wanted, known)
    told = f"capability {wanted.name!r}{_bounds(wanted)}"
    if not pool:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(known.items())[:8])
        return f"{told}: nobody has it{reasons and f' ({reasons})'}"
    strategy = wanted.strategy or topology.strategy_of(wanted.name)
    return Settled(found.name, told, pool, wanted.fallback, wanted.name, strategy, known=known)


def _candidates(wanted: Capability, name: str | None, topology: Topology) -> Pool:
    """Deployments of the preferred models, at the providers if some are named; else all that the providers have."""
    found: dict[str, Deployment] = {}
    for model in wanted.models:
        named = [d for d in topology.named(model) if not wanted.providers or d.provider.name in wanted.providers]
        places = wanted.providers if not named else ()
        for d in (*named, *(d for place in places for d in topology.bound(place, model))):
            found[d.id] = d
    if found or wanted.models:
        return tuple(found.values())
    places = wanted.providers or tuple(topology.at_provider)
    for place in places:
        for d in topology.listed_at(place, name):
            found[d.id] = d
    return tuple(found.values())


def _kept(pool: Pool, wanted: Capability, known: dict[str, str]) -> Pool:
    for d in pool:
        size = size_of(d)
        if wanted.min_size is not None and (size is None or size < wanted.min_size):
            known[d.id] = f"its size is {'not known' if size is None else f'{size:g}B'}"
        elif wanted.min_context is not None and (d.context is None or d.context < wanted.min_context):
            known[d.id] = f"its context is {'not known' if d.context is None else d.context}"
    return tuple(d for d in pool if d.id not in known)


def _bounds(wanted: Capability) -> str:
    bounds = [f"at least {wanted.min_size:g}B"] if wanted.min_size is not None else []
    bounds += [f"a context of {wanted.min_context}"] if wanted.min_context is not None else []
    return f" ({', '.join(bounds)})" if bounds else ""
