"""Whom to turn to after the group asked for, in order: its further order levels, the rule's own fallback, the fallbacks
configured for its name, the members of a chain. Each is a Tier; inside one the strategy picks when its time comes. Last
stand those for requests that failed for one cause, which take the place of the others.

Groups follow one another breadth first; cycles end because no group is entered twice; ``max_fallbacks`` and MAX_TIERS
bound the rest, for each cause.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec

from pointsman.config.settings import FallbackChain
from pointsman.errors import ModelNotFound
from pointsman.model.decision import Link, Pool, Tier
from pointsman.model.outcome import FailureKind
from pointsman.routing.shapes import Asked, Settled
from pointsman.routing.tagging import fit_for, suited, wished
from pointsman.routing.topology import Topology

ANY = "*"
"""In fallbacks for one cause: every name without its own."""

CAUSES = (FailureKind.CONTEXT, FailureKind.FILTERED)
"""Failures that may have fallbacks of their own."""

MAX_TIERS = 24

UNORDERED = float("inf")
"""The order of deployments without one: they come last."""

Settle = Callable[[str], tuple[str, Settled]]
"""Settles a public name: the group it is known by and the resolver's word."""


class Tiers:
    """Over one topology. ``settle`` is the pipeline's way from a name to a pool."""

    def __init__(self, topology: Topology, settle: Settle) -> None:
        self._topology = topology
        self._settle = settle
        self._any = any(following(topology, None))
        self._causes = tuple(cause for cause in CAUSES if any(following(topology, cause)))

    def of(self, asked: Asked, group: str, settled: Settled, strategy: str) -> tuple[tuple[Tier, ...], int]:
        """All tiers of a request that was settled, and how many of them are the group asked for, which come first."""
        topology = self._topology
        pool = settled.pool or ()
        chain = self._chain(asked, group, settled) if topology.chains else None
        link = own_link(chain, pool) if chain is not None else None
        tiers = levels(Tier(group, settled.name, pool, strategy, link))
        own = len(tiers)
        name = topology.aliased(asked.name)
        public = name if name in (settled.name, group) else None
        if settled.fallback is not None:
            tiers.append(self._instead(settled.fallback, tiers[0], public, asked))
        if self._any:
            tiers += self._after(asked, group)
        if chain is not None:
            tiers += self._members(chain, tiers[0], public, asked)
        special = [tier for cause in self._causes for tier in self._after(asked, group, cause)[:MAX_TIERS]]
        return (*tiers[:MAX_TIERS], *special), own

    def _after(self, asked: Asked, group: str, cause: FailureKind | None = None) -> list[Tier]:
        """The groups that are configured to follow, for any cause or for one."""
        listed, _ = following(self._topology, cause)
        found: list[Tier] = []
        for name in groups_after(asked.name if asked.name in listed else group, self._topology, cause):
            with suppress(ModelNotFound):  # one that nobody serves any more must not end requests for other names
                found += self.group(name, asked)
        return found if cause is None else [msgspec.structs.replace(tier, on=cause) for tier in found]

    def group(self, name: str, asked: Asked) -> list[Tier]:
        """Tiers for a public name, its own fallback provider included. Of a group that is filtered by tags, those that
        fit the request's. Raises ModelNotFound.
        """
        topology = self._topology
        group, settled = self._settle(name)
        pool = settled.pool or ()
        if group in topology.filtered:
            pool = fit_for(pool, wished(asked.tags, topology.tags), topology.tags, asked.agent)
        tiers = levels(Tier(group, settled.name, pool, settled.strategy or topology.strategy_of(group)))
        if settled.fallback is not None:
            tiers.append(self._instead(settled.fallback, tiers[0], group, asked))
        return tiers

    def _chain(self, asked: Asked, group: str, settled: Settled) -> FallbackChain | None:
        """The chain that the rule names, that of the capability's or task's name, the caller's, that of the group's
        name, else the default.
        """
        label = asked.verdict[1] if asked.verdict is not None else None
        names = (settled.chain, asked.capability, label, asked.task, asked.chain, group, "default")
        chains = self._topology.chains
        return next((chains[name] for name in names if name is not None and name in chains), None)

    def _members(self, chain: FallbackChain, first: Tier, public: str | None, asked: Asked) -> list[Tier]:
        tiers = []
        for member in chain.members:
            link = Link(chain.name, member.condition, chain.retries, chain.delay)
            if member.model is None:
                tier = self._instead(member.provider, first, public, asked)
            else:
                pool = self._topology.served_by(member.provider, member.model)
                tier = self._tier(member.provider, member.model, pool, first, asked)
            tiers.append(msgspec.structs.replace(tier, link=link))
        return tiers

    def _instead(self, provider: str, first: Tier, public: str | None, asked: Asked) -> Tier:
        """A provider in the place of a group. ``public`` is the name that the caller asked for; None if the model was
        chosen for the request.
        """
        if public is not None:
            pool = self._topology.served_by(provider, public)
        else:
            pool = self._topology.standing_in(provider, first.name)
        return self._tier(provider, first.name, pool, first, asked)

    def _tier(self, provider: str, name: str | None, pool: Pool, first: Tier, asked: Asked) -> Tier:
        """With open deployments as ``first`` has them, so that nobody is asked the same under two names."""
        known = {(d.provider.name, d.model): d for d in first.pool if d.model is not None}
        same = tuple([known.get((d.provider.name, name or ""), d) if d.model is None else d for d in pool])
        return Tier(provider, name, suited(same, asked.tags, asked.agent, self._topology), first.strategy)


def levels(tier: Tier) -> list[Tier]:
    """A group whose members have an ``order`` is one tier a level, the lowest first."""
    orders = {UNORDERED if d.order is None else d.order for d in tier.pool}
    if len(orders) <= 1:
        return [tier]
    return [
        msgspec.structs.replace(
            tier, pool=tuple(d for d in tier.pool if (UNORDERED if d.order is None else d.order) == order)
        )
        for order in sorted(orders)
    ]


def own_link(chain: FallbackChain, pool: Pool) -> Link | None:
    """Where the choice itself is a member of the chain, the chain's retries hold for it too."""
    places = {deployment.provider.name for deployment in pool}
    if not any(member.provider in places for member in chain.members):
        return None
    return Link(chain.name, None, chain.retries, chain.delay)


Listed = dict[str, tuple[str, ...]]
"""Public names, and those to turn to after each."""


def following(topology: Topology, cause: FailureKind | None) -> tuple[Listed, tuple[str, ...]]:
    """The fallbacks for a cause (None: any), and those of names that have none."""
    if cause is None:
        return topology.fallbacks, topology.default_fallbacks
    listed = topology.context_fallbacks if cause is FailureKind.CONTEXT else topology.content_fallbacks
    return listed, listed.get(ANY, ())


def groups_after(name: str | None, topology: Topology, cause: FailureKind | None = None) -> list[str]:
    """Public names to turn to after ``name``; one that stands for another is the same group."""
    listed, default = following(topology, cause)
    most = topology.router.max_fallbacks
    seen = {topology.aliased(name)}
    found: list[str] = []
    queue = [name]
    while queue and len(found) < most:
        current = queue.pop(0)
        own = _own(current or "", listed, topology)
        if own is None:
            own = default if current == name else ()
        for group in own:
            if topology.aliased(group) not in seen and len(found) < most:
                seen.add(topology.aliased(group))
                found.append(group)
                queue.append(group)
    return found


def _own(name: str, listed: Listed, topology: Topology) -> tuple[str, ...] | None:
    """A name's own fallbacks, else those of the name it stands for; an alias of several has its members' as well."""
    own = listed.get(name, listed.get(topology.aliases.get(name, name)))
    members = topology.alias_groups.get(name)
    if own is not None or members is None:
        return own
    several = [group for member in members for group in listed.get(member, ()) if group not in members]
    return tuple(several) or None
