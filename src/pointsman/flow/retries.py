"""How often: the retries that a request may still have, by the caller's wish, the cause and the configuration."""

from __future__ import annotations

from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.outcome import FailureKind


def may_retry(trip: Trip, number: int, leg: Leg, failure: FailureKind) -> bool:
    """Has the tier been asked less often than it may be, after this failure of ``leg``?"""
    tries = tries_of(trip, number)
    return tries == 0 or tries <= _retries(trip, number, leg, failure)


def tries_of(trip: Trip, number: int) -> int:
    """How often it was asked: nobody was who could not be. To ask the same one with another key is the same try."""
    return sum(
        attempt.tier == number and not attempt.rekeyed and attempt.failure is not FailureKind.INEXPRESSIBLE
        for attempt in trip.attempts
    )


def on_policy(trip: Trip, leg: Leg, failure: FailureKind) -> int | None:
    """What the policy of the group, else of the router, says of this kind of failure; None if it says nothing."""
    retries = trip.router.retries
    own = retries.groups.get(leg.group) if retries.groups else None
    return own[failure] if own is not None and failure in own else retries.policy.get(failure)


def _retries(trip: Trip, number: int, leg: Leg, failure: FailureKind) -> int:
    """The caller's 0 is the last word; then the policy for the cause, the caller, the deployment, the chain, the
    router, in LiteLLM's order.
    """
    wished = trip.request.num_retries
    if wished == 0:
        return 0
    link = trip.decision.tiers[number].link
    said = (
        on_policy(trip, leg, failure),
        wished,
        leg.deployment.num_retries,
        link.retries if link is not None else None,
    )
    return next((each for each in said if each is not None), trip.router.num_retries)
