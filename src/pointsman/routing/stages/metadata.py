"""Metadata rules: the provider that a rule names for requests like this one, whoever would serve the name otherwise.

Among that provider's deployments: those of the name asked for, then of its alias group, then the provider's default. A
rule never enlarges what another stage has settled.
"""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.topology import Topology


def metadata(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if not topology.metadata:
        return None
    if asked.rule is None:
        return "no rule applies"
    rule = topology.metadata[asked.rule]
    told = f"rule {rule.name!r} ({rule.condition.text}) -> provider {rule.provider}"
    if found.pool is not None:
        pool = tuple(d for d in found.pool if d.provider.name == rule.provider)
        return Settled(found.name, told, pool, group=found.group) if pool else f"{told}: nobody left is there"
    name = found.name
    named = tuple(d for d in topology.groups.get(name or "", ()) if d.provider.name == rule.provider)
    if named:
        return Settled(name, f"{told}, which serves {name!r}", named, group=name)
    return _by_group(told, rule.provider, name, topology) or _by_default(told, rule.provider, name, topology)


def _by_group(told: str, provider: str, name: str | None, topology: Topology) -> Settled | None:
    for alias, members in topology.alias_groups.items():
        if name in members:
            pool = tuple(d for d in topology.groups.get(alias, ()) if d.provider.name == provider)
            if pool:
                return Settled(name, f"{told}, which serves its group {alias!r}", pool, group=name)
    return None


def _by_default(told: str, provider: str, name: str | None, topology: Topology) -> Settled | str:
    place = topology.providers.get(provider)
    anyone = topology.open_deployments.get(provider)
    wanted = place.default_model if place is not None and place.default_model else name
    if anyone is None or wanted is None:
        return f"{told}, which does not serve {name!r}"
    what = "its default model" if wanted != name else "as asked"
    return Settled(wanted, f"{told}, {what} {wanted!r}", (anyone,), group=name)
