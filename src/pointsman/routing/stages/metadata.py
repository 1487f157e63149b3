"""Metadata rules: the provider that a rule names for requests like this one, whoever would serve the name otherwise.

Among that provider's deployments: those of the name asked for, then of its alias group; a name that would lead there
without the rule is served as asked; then comes the provider's default. A rule never enlarges what another stage has
settled: where tags, a capability or the content choose, it narrows.
"""

from __future__ import annotations

from pointsman.config.settings import SizeRule
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import for_everybody, suited
from pointsman.routing.takers import rule_for, taker
from pointsman.routing.topology import Topology


def metadata(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    if not topology.metadata:
        return None
    if not asked.rules:
        return "no rule applies"
    told = _told(asked.rules, topology)
    provider = topology.metadata[asked.rules[0]].provider
    if found.pool is not None:
        pool = tuple(d for d in found.pool if d.provider.name == provider)
        return Settled(found.name, told, pool, group=found.group) if pool else f"{told}: nobody left is there"
    name = found.name if found.name not in topology.entries else None
    if name is not None:
        return _for_name(told, provider, name, asked, topology)
    if asked.capability is not None or topology.tasks is not None or topology.semantic is not None:
        return None  # asked again when they have chosen
    return _by_default(told, provider, None, asked, topology)


def _told(met: tuple[int, ...], topology: Topology) -> str:
    """The rule that decides, and those that would have if it were not there."""
    first, *others = (topology.metadata[index] for index in met)
    listed = f"; also met: {', '.join(repr(rule.name) for rule in others)}" if others else ""
    return f"rule {first.name!r} ({first.condition.text}) -> provider {first.provider}{listed}"


def _for_name(told: str, provider: str, name: str, asked: Asked, topology: Topology) -> Settled | str:
    """What else the configuration says of the name, its fallback and its chain, holds whoever serves it."""
    word = (
        _by_name(told, provider, name, topology)
        or _by_group(told, provider, name, asked, topology)
        or _as_ever(told, provider, name, topology)
        or _by_default(told, provider, name, asked, topology)
    )
    rule = rule_for(name, topology)
    if isinstance(word, str) or rule is None:
        return word
    chain = None if isinstance(rule, SizeRule) else rule.chain
    return Settled(word.name, word.reason, word.pool, rule.fallback, word.group, chain=chain)


def _by_name(told: str, provider: str, name: str, topology: Topology) -> Settled | None:
    pool = topology.serving_at(provider, name)
    if not pool:
        return None
    rule = topology.exact.get(name)
    upstream = rule.model if rule is not None and rule.provider == provider else None
    if name in topology.tagged:
        pool = for_everybody(pool)
    return Settled(upstream or name, f"{told}, which serves {name!r}", pool, group=name)


def _by_group(told: str, provider: str, name: str, asked: Asked, topology: Topology) -> Settled | None:
    for alias, members in topology.alias_groups.items():
        if name in members:
            pool = tuple(d for d in topology.groups[alias] if d.provider.name == provider)
            pool = suited(pool, asked.tags, asked.agent, topology)
            if pool:
                return Settled(name, f"{told}, which serves its group {alias!r}", pool, group=name)
    return None


def _as_ever(told: str, provider: str, name: str, topology: Topology) -> Settled | None:
    """A name that nobody lists, and that a pattern, its size or the default provider would lead to the same place."""
    if taker(name, topology) != provider:
        return None
    pool = topology.served_by(provider, name)
    return Settled(name, f"{told}, as asked {name!r}", pool, group=name) if pool else None


def _by_default(told: str, provider: str, name: str | None, asked: Asked, topology: Topology) -> Settled | str:
    """Its default model, else the first of its own, else the name as it was asked for."""
    pool = suited(topology.house(provider), asked.tags, asked.agent, topology)
    if pool:
        model = pool[0].model_name
        return Settled(name or model, f"{told}, its default model {model!r}", pool, group=name or model)
    pool = topology.served_by(provider, name) if name is not None else ()
    if name is not None and pool:
        return Settled(name, f"{told}, as asked {name!r}", pool, group=name)
    return f"{told}, which does not serve {'requests without a model' if name is None else repr(name)}"
