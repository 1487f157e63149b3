"""The plan as a list: whom a request would be sent to, tier by tier, should everybody before have failed.

Inside a tier the strategy picks when its time comes; the list shows its members in the configuration's order.
"""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.model.decision import Decision, Leg, Pool, Tier
from pointsman.model.deployment import Deployment


def legs(decision: Decision) -> Iterator[Leg]:
    """It starts with the choice and names each (deployment, model) once. Who was left out by the filters comes last: it
    may be fit again by the time everybody else has failed.
    """
    seen = set()
    for number, tier, members in (*_fit(decision), *_rest(decision)):
        for deployment in members:
            leg = leg_of(deployment, number, tier)
            key = (deployment.id, leg.model)
            if key not in seen:
                seen.add(key)
                yield leg


def leg_of(deployment: Deployment, number: int, tier: Tier) -> Leg:
    return Leg(deployment, deployment.model or tier.name or "", number, tier.group)


def _fit(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    first = decision.tier
    yield first, decision.tiers[first], (decision.choice, *decision.pool)
    for number, tier in enumerate(decision.tiers[first + 1 :], start=first + 1):
        yield number, tier, tier.pool


def _rest(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    for number, tier in enumerate(decision.tiers[: decision.tier + 1]):
        yield number, tier, tier.pool
