"""Capability: what ``X-Capability`` asks for, by preferred models, providers, least size and least context.

Preferred models come from where they are served, at the capability's providers if it names some; without preferred
models its providers' own are the candidates. What a provider lists itself counts where the capability names it and the
configuration says none of its models: those that are known to be large enough, or the only one. A model that is known
to be too small is out; one of which nobody knows is a candidate only where nobody is known to be large enough.
"""

from __future__ import annotations

from pointsman.config.settings import Capability
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.model.sizes import Size, size_in, size_of
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import suited
from pointsman.routing.topology import Topology


def capability(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if asked.capability is None:
        return None
    wanted = topology.capabilities[asked.capability]
    name = found.name if found.name not in topology.entries else None
    listed = _listed(wanted, topology)
    candidates = suited(_candidates(wanted, name, listed, topology), asked.tags, asked.agent, topology)
    small = {d.id: reason for d in candidates if (reason := _too_small(d, wanted, name)) is not None}
    unknown = {d.id: reason for d in candidates if (reason := _unknown(d, wanted, name)) is not None}
    left = tuple(d for d in candidates if d.id not in small)
    sure = tuple(d for d in left if d.id not in unknown)
    told = f"capability {wanted.name!r}{_bounds(wanted)}"
    if not left:
        reasons = "; ".join(f"{id_}: {reason}" for id_, reason in list(small.items())[:8])
        return f"{told}: nobody has it{reasons and f' ({reasons})'}"
    pool, known = (sure, {**unknown, **small}) if sure else (left, small)
    reason = f"{told}{_by_lists(sure, wanted, listed)}" if sure else f"{told}: nobody is known to have it, these may"
    chosen = pool[0].model_name if pool[0].model is not None else name
    strategy = wanted.strategy or topology.strategy_of(wanted.name)
    return Settled(chosen, reason, pool, wanted.fallback, wanted.name, strategy, known=known)


def _candidates(wanted: Capability, name: str | None, listed: Pool, topology: Topology) -> Pool:
    if wanted.models:
        pools = [_preferred(wanted, model, topology) for model in wanted.models]
    else:
        pools = [topology.owned(place) for place in wanted.providers or topology.at_provider] + [listed]
        if not any(pools) and name is not None:
            pools = [topology.served_by(place, name) for place in wanted.providers]
    return tuple({d.id: d for pool in pools for d in pool}.values())


def _preferred(wanted: Capability, model: str, topology: Topology) -> Pool:
    named = topology.named(model)
    if not wanted.providers:
        default = topology.default_provider
        return named or (topology.bound(default, model) if default is not None else ())
    there = tuple(d for d in named if d.provider.name in wanted.providers)
    return there or tuple(d for place in wanted.providers for d in topology.bound(place, model))


def _listed(wanted: Capability, topology: Topology) -> Pool:
    """What its providers list themselves, where nobody else has said what they serve. An only model needs no figures;
    of several nobody knows what they are for.
    """
    found: list[Deployment] = []
    for place in wanted.providers if not wanted.models else ():
        pool = topology.listed(place) if not topology.configured(place) else ()
        if len(pool) == 1 and (wanted.bounded or not topology.owned(place)):
            found += pool
        elif wanted.bounded:
            found += [d for d in pool if _too_small(d, wanted, None) is None and _unknown(d, wanted, None) is None]
    return tuple(found)


def _size(deployment: Deployment, name: str | None) -> Size | None:
    if deployment.model is not None:
        return size_of(deployment)
    asked = size_in(name)
    return Size(asked) if asked is not None else None


def _too_small(deployment: Deployment, wanted: Capability, name: str | None) -> str | None:
    size, context = _size(deployment, name), deployment.window
    if wanted.min_size is not None and size is not None and size.billions < wanted.min_size:
        return f"its size is {size}"
    if wanted.min_context is not None and context is not None and context < wanted.min_context:
        return f"its context is {deployment.window_told}"
    return None


def _unknown(deployment: Deployment, wanted: Capability, name: str | None) -> str | None:
    if wanted.min_size is not None and _size(deployment, name) is None:
        return "its size is not known"
    if wanted.min_context is not None and deployment.window is None:
        return "its context is not known"
    return None


def _by_lists(pool: Pool, wanted: Capability, listed: Pool) -> str:
    """Whose lists say that these have it, where the configuration does not."""
    ids = {d.id for d in listed}
    listers = dict.fromkeys(f"{d.provider.name}'s" for d in pool if d.id in ids or _told_by_list(d, wanted))
    return f", from {' and '.join(listers)} list" if listers else ""


def _told_by_list(deployment: Deployment, wanted: Capability) -> bool:
    size = size_of(deployment) if wanted.min_size is not None else None
    return bool(size and size.lister) or (wanted.min_context is not None and deployment.window_listed)


def _bounds(wanted: Capability) -> str:
    bounds = [f"at least {wanted.min_size:g}B"] if wanted.min_size is not None else []
    bounds += [f"a context of {wanted.min_context}"] if wanted.min_context is not None else []
    return f" ({', '.join(bounds)})" if bounds else ""
