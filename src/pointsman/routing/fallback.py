"""The plan as a list: whom a request would be sent to, tier by tier, should everybody before have failed.

Inside a tier the strategy picks when its time comes; the list shows its members in the configuration's order.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pointsman.model.decision import Decision, Leg, Pool, Tier
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Fields, Request

PURPOSES = {
    FailureKind.CONTEXT: "requests that are too long",
    FailureKind.FILTERED: "requests that a content filter refused",
}
"""What a tier is for that is for one cause only."""


def legs(decision: Decision) -> Iterator[Leg]:
    """It starts with the choice and names each (deployment, model) once for any cause, and once for each cause that has
    fallbacks of its own. Who was left out by the filters comes after those who were not: it may be fit again by the
    time everybody else has failed.
    """
    seen = set()
    for number, tier, members in (*_fit(decision), *_rest(decision), *_special(decision)):
        for deployment in members:
            leg = leg_of(deployment, number, tier)
            key = (deployment.id, leg.model, tier.on)
            if key not in seen:
                seen.add(key)
                yield leg


def leg_of(deployment: Deployment, number: int, tier: Tier) -> Leg:
    return Leg(deployment, deployment.model or tier.name or "", number, tier.group)


def as_wished(request: Request, tier: Tier) -> Request:
    """The request with what the caller wants otherwise in this tier."""
    fields = tier.fields
    if fields is None:
        return request
    grown = sum(_size(fields, name) - _size(request.body, name) for name in fields)
    changed: Request = msgspec.structs.replace(
        request, body={**request.body, **fields}, tokens=max(request.tokens + grown // 4, 0)
    )
    return changed


def _size(fields: Fields, name: str) -> int:
    """Bytes of a field's value."""
    return len(memoryview(fields[name])) if name in fields else 0


def _fit(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    first, on = decision.tier, decision.tiers[decision.tier].on
    yield first, decision.tiers[first], (decision.choice, *decision.pool)
    for number, tier in enumerate(decision.tiers[first + 1 :], start=first + 1):
        if tier.on is on:
            yield number, tier, tier.pool


def _rest(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    on = decision.tiers[decision.tier].on
    for number, tier in enumerate(decision.tiers[: decision.tier + 1]):
        if tier.on is on:
            yield number, tier, tier.pool


def _special(decision: Decision) -> Iterator[tuple[int, Tier, Pool]]:
    """What is for one cause only. A request that was turned to such tiers has left the others."""
    if decision.tiers[decision.tier].on is None:
        for number, tier in enumerate(decision.tiers):
            if tier.on is not None:
                yield number, tier, tier.pool
