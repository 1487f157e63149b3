"""In whose words a deployment is asked: those that the request came in, if it speaks them, or OpenAI's and its own."""

from __future__ import annotations

from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg, Tier
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.shapes import Dialect
from pointsman.providers.spoken import speaks, translating


def natively(trip: Trip, leg: Leg) -> bool:
    """Is the request passed on in the words that it came in? Not where it goes on with an answer that broke off, nor
    where a fallback says it otherwise.
    """
    return trip.told is None and unchanged(trip.request, trip.decision.tiers[leg.tier], leg.deployment)


def unchanged(request: Request, tier: Tier, deployment: Deployment) -> bool:
    """Would a request that nothing is told of yet be passed on so?"""
    native = request.native
    return native is not None and not tier.fields and speaks(deployment, native.protocol)


def idle(trip: Trip, leg: Leg) -> bool:
    """Has the deployment nothing to do for the request, because it does not speak the words that it came in?"""
    native = trip.request.native
    return native is not None and bool(native.idle) and not natively(trip, leg)


def dialect_of(trip: Trip, leg: Leg) -> Dialect:
    """The one that the request is written in, and its answer read."""
    dialect, native = DIALECTS[leg.deployment.provider.kind], trip.request.native
    if native is None:
        return dialect
    return dialect.natives[native.protocol] if natively(trip, leg) else translating(leg.deployment)
