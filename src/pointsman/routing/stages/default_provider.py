"""Default: takes every name that nobody else settled, and requests that name none if there is a default model.

The default provider comes first; without one, ``default_fallbacks`` catch a name that is served nowhere. A name
of ``exact_matches`` is as good a fallback as a ``model_name``, and leads where it always leads.
"""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def default_provider(_asked: Asked, found: Found, topology: Topology) -> Settled | str:
    name = found.name
    provider = topology.providers.get(topology.default_provider or "")
    if provider is None:
        return _default_fallback(name, topology)
    wanted = name or provider.default_model or next(iter(provider.models), None)
    if wanted is None:
        return f"default provider {provider.name} has no default_model and the request names none"
    return Settled(
        wanted, f"default provider {provider.name} serves {wanted!r}", topology.served_by(provider.name, wanted)
    )


def _default_fallback(name: str | None, topology: Topology) -> Settled | str:
    for listed in topology.default_fallbacks if name is not None else ():
        group = topology.aliases.get(listed, listed)
        rule = topology.exact.get(group)
        pool = topology.served_by(rule.provider, group) if rule else topology.groups.get(group)
        if pool:
            upstream, provider = (rule.model or group, rule.fallback) if rule else (group, None)
            return Settled(upstream, f"no default provider; default fallback {group!r}", pool, provider, group)
    return "no default provider configured"
