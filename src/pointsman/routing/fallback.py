"""What to try after the choice: first the rest of its group, then the fallback groups in order.

Groups follow one another breadth first; cycles end because no group is entered twice; MAX_TIERS bounds the rest.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate

from pointsman.model.decision import Decision, Leg, Pool, Tier
from pointsman.routing.shares import shares_of
from pointsman.routing.topology import Topology

MAX_TIERS = 6
"""The group asked for and five more, LiteLLM's ``max_fallbacks``."""


def groups_after(name: str | None, topology: Topology, chosen: tuple[str, ...] | None = None) -> list[str]:
    """Public names to turn to after ``name``. ``chosen``: the caller's own ``fallbacks``."""
    if chosen is not None:
        return list(dict.fromkeys(chosen))[: MAX_TIERS - 1]
    seen: dict[str | None, None] = {name: None}
    queue = [name]
    while queue and len(seen) < MAX_TIERS:
        current = queue.pop(0)
        following = topology.fallbacks.get(current or "")
        if following is None:
            following = topology.default_fallbacks if current == name else ()
        for group in following:
            if group not in seen and len(seen) < MAX_TIERS:
                seen[group] = None
                queue.append(group)
    return [group for group in list(seen)[1:] if group is not None]


def legs(decision: Decision) -> Iterator[Leg]:
    """The plan: it starts with the choice and names each (deployment, model) once. Who was left out by the filters
    comes last: it may be fit again by the time everybody else has failed.
    """
    seen = set()
    for number, tier, members in (*_fit(decision), *_rest(decision)):
        for deployment in members:
            leg = Leg(deployment, deployment.model or tier.name or "", number, tier.group)
            key = (deployment.id, leg.model)
            if key not in seen:
                seen.add(key)
                yield leg


def _fit(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    first = decision.tier
    yield first, decision.tiers[first], (decision.choice, *_turned(decision.pool, decision.spin))
    for number, tier in enumerate(decision.tiers[first + 1 :], start=first + 1):
        yield number, tier, _turned(tier.pool, decision.spin)


def _rest(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    for number, tier in enumerate(decision.tiers[: decision.tier + 1]):
        yield number, tier, tier.pool


def _turned(pool: Pool, spin: float) -> Pool:
    """The pool turned so that each member comes first as often as its share says; who has none comes last."""
    if not pool:
        return pool
    _, shares = shares_of(pool)
    edges = list(accumulate(shares))
    at = min(bisect(edges, spin * edges[-1]), len(pool) - 1)
    order = [*range(at, len(pool)), *range(at)]
    return tuple(pool[n] for n in sorted(order, key=lambda n: shares[n] == 0))
