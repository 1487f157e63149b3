"""A request as one deployment gets it: without the fields that are to be left out there, which is told.

What a provider has no words for is dropped if that is wanted (``drop_params``), else the request is refused there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from pointsman.flow.trip import Trip
from pointsman.flow.words import idle, natively, unchanged
from pointsman.model.decision import Decision, Leg, Step
from pointsman.model.deployment import Deployment
from pointsman.model.exchange import WireRequest
from pointsman.model.request import Request
from pointsman.providers import DIALECTS
from pointsman.providers.lacking import FIRM, without
from pointsman.providers.shapes import Dialect, Inexpressible
from pointsman.routing.fallback import as_wished
from pointsman.routing.wording import may_drop, unworded

NOTHING: Mapping[str, str] = MappingProxyType({})


class Reworded(msgspec.Struct, frozen=True, gc=False):
    """``request`` as it was written to ``wire``. ``dropped`` are fields without words, ``kept_back`` are never sent."""

    request: Request
    wire: WireRequest
    dropped: tuple[str, ...] = ()
    kept_back: tuple[str, ...] = ()


def written(trip: Trip, leg: Leg, dialect: Dialect, request: Request) -> tuple[Request, WireRequest]:
    """A request for ``leg`` and how it is written; what was left out is told in the trip. Raises Inexpressible."""
    native, at = request.native, leg.deployment
    lost = NOTHING if native is None or natively(trip, leg) else native.lost
    if idle(trip, leg):
        raise Inexpressible("messages", "only who speaks the caller's protocol has anything to do")
    made = reworded(request, at, leg.model, dialect, lost)
    if made.dropped or made.kept_back:
        trip.decision = told(trip.decision, at, made)
        trip.dropped = {**trip.dropped, at.id: (*made.kept_back, *made.dropped)}
    return made.request, made.wire


def reworded(
    request: Request, deployment: Deployment, model: str, dialect: Dialect, lost: Mapping[str, str] = NOTHING
) -> Reworded:
    """Each look leaves out at least one field, so there is an end. ``lost`` is what its own protocol's words say that
    OpenAI's can't. What a caller says without words takes nothing away that the deployment says. Raises Inexpressible.
    """
    drops = may_drop(deployment, request)
    for field, what in lost.items():
        if not drops or field in FIRM:
            part = f" ({what})" if what else ""
            raise Inexpressible(field, f"only a provider that speaks the caller's protocol can take it{part}")
    said = request.body if request.native is None else {**request.body, **request.native.fields}
    kept_back = tuple([name for name in deployment.additional_drop_params if name in said])
    dropped = tuple(lost)
    less, at = (_less(request, kept_back), _plainer(deployment, kept_back)) if kept_back else (request, deployment)
    if drops:
        dropped += tuple([name for name in unworded(at, less) if name not in FIRM and name not in lost])
        less = _less(less, dropped)
    while True:
        try:
            return Reworded(less, dialect.write(less, at, model), dropped, kept_back)
        except Inexpressible as reason:
            field = reason.field
            if not drops or field in FIRM or not (field in less.body or field in at.params):
                raise
            dropped = tuple(dict.fromkeys((*dropped, field)))
            if field in less.body:
                less = _less(less, (field,))
            else:
                at = _plainer(at, (field,))


def told(decision: Decision, deployment: Deployment, made: Reworded) -> Decision:
    """The decision with what was left out for a deployment."""
    steps: list[Step] = []
    if made.kept_back:
        steps.append(_step(decision, f"{deployment.id} is never sent {', '.join(made.kept_back)}"))
    if made.dropped:
        kind, them = deployment.provider.kind, "them" if made.dropped[1:] else "it"
        steps.append(_step(decision, f"dropped {', '.join(made.dropped)}: {kind} has no words for {them}"))
    unsent = decision.unsent
    if deployment is decision.choice:
        unsent = tuple(dict.fromkeys((*unsent, *made.kept_back, *made.dropped)))
    new = [step for step in steps if step not in decision.steps]  # it may have been asked before
    return msgspec.structs.replace(decision, steps=(*decision.steps, *new), unsent=unsent)


def refused(decision: Decision, deployment: Deployment, reason: Inexpressible) -> Decision:
    """The decision with why a deployment can't be asked."""
    step = _step(decision, f"{deployment.id} can't be asked: {reason}")
    return msgspec.structs.replace(decision, steps=(*decision.steps, step))


def foretold(decision: Decision, request: Request) -> Decision:
    """The decision with what would be left out for its choice, or why that can't be asked."""
    tier, at, native = decision.tiers[decision.tier], decision.choice, request.native
    dialect, lost = DIALECTS[at.provider.kind], NOTHING
    if native is not None:
        if unchanged(request, tier, at):
            dialect = dialect.natives[native.protocol]
        elif native.idle or request.endpoint == "count_tokens":  # nobody has to be asked
            return decision
        else:
            lost = native.lost
    try:
        made = reworded(as_wished(request, tier), at, decision.upstream_model, dialect, lost)
    except Inexpressible as reason:
        return refused(decision, at, reason)
    return told(decision, at, made)


def _step(decision: Decision, reason: str) -> Step:
    left = len(decision.pool)
    return Step("params", left, left, reason)


def _less(request: Request, names: Iterable[str]) -> Request:
    """Without these fields, in whatever words."""
    native = request.native
    if native is not None:
        native = msgspec.structs.replace(native, fields=without(native.fields, names))
    return msgspec.structs.replace(request, body=without(request.body, names), native=native)


def _plainer(deployment: Deployment, names: Iterable[str]) -> Deployment:
    """Without these of its own parameters."""
    return msgspec.structs.replace(deployment, params=without(deployment.params, names))
