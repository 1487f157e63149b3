"""Whom to turn to after the group asked for, in order: its further order levels, the rule's own fallback, the fallbacks
configured for its name, the members of a chain. Each is a Tier; inside one the strategy picks when its time comes.

Groups follow one another breadth first; cycles end because no group is entered twice; MAX_FALLBACKS and MAX_TIERS bound
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pointsman.config.settings import FallbackChain
from pointsman.errors import InvalidHeader
from pointsman.model.decision import Link, Pool, Tier
from pointsman.routing.shapes import Asked, Settled
from pointsman.routing.tagging import fit_for
from pointsman.routing.topology import Topology

MAX_FALLBACKS = 5
"""Groups of ``fallbacks``: LiteLLM's ``max_fallbacks``."""

MAX_TIERS = 24

Settle = Callable[[str], tuple[str, Settled]]
"""Settles a public name: the group it is known by and the resolver's word."""


class Tiers:
    """Over one topology. ``settle`` is the pipeline's way from a name to a pool."""

    def __init__(self, topology: Topology, settle: Settle) -> None:
        self._topology = topology
        self._settle = settle

    def of(self, asked: Asked, group: str, settled: Settled, strategy: str) -> tuple[Tier, ...]:
        """All tiers of a request that was settled, the group asked for first."""
        name, pool = settled.name, settled.pool or ()
        chain = self._chain(asked, group, settled)
        tiers = self._levels(Tier(group, name, pool, strategy, self._own_link(chain, pool)))
        if settled.fallback is not None:
            served = self._topology.served_by(settled.fallback, name or group)
            tiers.append(Tier(settled.fallback, name or group, served, self._topology.strategy_of(group)))
        key = asked.name if asked.name in self._topology.fallbacks else group
        tiers += self.groups(groups_after(key, self._topology), asked.tags)
        if chain is not None:
            tiers += self._members(chain, name, group)
        return tuple(tiers[:MAX_TIERS])

    def groups(self, names: Iterable[str], tags: tuple[str, ...] = ()) -> list[Tier]:
        """A tier for each public name. Of a group that is told apart by tags, those that fit the request's."""
        tiers: list[Tier] = []
        for name in names:
            group, settled = self._settle(name)
            pool = settled.pool or ()
            if group in self._topology.tagged:
                pool = fit_for(pool, tags, self._topology.tags)
            tiers += self._levels(Tier(group, settled.name, pool, self._topology.strategy_of(group)))
        return tiers

    def _levels(self, tier: Tier) -> list[Tier]:
        """A group whose members have an ``order`` is one tier a level, the lowest first; without one is last."""
        levels: dict[float, list[int]] = {}
        for index, deployment in enumerate(tier.pool):
            levels.setdefault(float("inf") if deployment.order is None else deployment.order, []).append(index)
        if len(levels) <= 1:
            return [tier]
        return [
            Tier(tier.group, tier.name, tuple(tier.pool[index] for index in levels[level]), tier.strategy, tier.link)
            for level in sorted(levels)
        ]

    def _chain(self, asked: Asked, group: str, settled: Settled) -> FallbackChain | None:
        """The chain that the rule names, that of the capability's or task's name, the caller's, else the default."""
        chains = self._topology.chains
        if asked.chain is not None and asked.chain not in chains:
            known = ", ".join(chains) or "none is configured"
            raise InvalidHeader(f"unknown chain {asked.chain[:100]!r}; known: {known}", param="X-Chain")
        label = asked.verdict[1] if asked.verdict is not None else None
        for name in (settled.chain, asked.capability, label, group, asked.chain, "default"):
            if name is not None and name in chains:
                return chains[name]
        return None

    def _own_link(self, chain: FallbackChain | None, pool: Pool) -> Link | None:
        """Where the choice itself is a member of the chain, the chain's retries hold for it too."""
        places = {deployment.provider.name for deployment in pool}
        if chain is None or not any(member.provider in places for member in chain.members):
            return None
        return Link(chain.name, None, chain.retries, chain.delay)

    def _members(self, chain: FallbackChain, name: str | None, group: str) -> list[Tier]:
        tiers = []
        for member in chain.members:
            wanted = member.model or name or group
            pool = self._topology.served_by(member.provider, wanted)
            link = Link(chain.name, member.condition, chain.retries, chain.delay)
            tiers.append(Tier(member.provider, wanted, pool, self._topology.strategy_of(group), link))
        return tiers


def groups_after(name: str | None, topology: Topology) -> list[str]:
    """Public names to turn to after ``name``."""
    seen: dict[str | None, None] = {name: None}
    queue = [name]
    while queue and len(seen) <= MAX_FALLBACKS:
        current = queue.pop(0)
        following = topology.fallbacks.get(current or "")
        if following is None:
            following = topology.default_fallbacks if current == name else ()
        for group in following:
            if group not in seen and len(seen) <= MAX_FALLBACKS:
                seen[group] = None
                queue.append(group)
    return [group for group in list(seen)[1:] if group is not None]
