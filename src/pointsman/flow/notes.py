"""What is written down in the trip of an attempt that ended: who failed and why, what was used, what it cost."""

from __future__ import annotations

import msgspec

from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.deployment import Deployment
from pointsman.model.exchange import Refusal, StreamReader
from pointsman.model.outcome import Attempt, Estimate, FailureKind, Usage
from pointsman.model.prices import cost
from pointsman.model.request import METERED, TALKS, Request
from pointsman.model.secret import Key
from pointsman.providers.shapes import scrubbed
from pointsman.state.scoreboard import Lease


def told(
    trip: Trip, leg: Leg, seconds: float, refusal: Refusal, *, sent: bool = False, key: Key | None = None
) -> FailureKind:
    """An attempt that failed."""
    refusal = scrubbed(refusal, leg.deployment.provider)
    trip.refusals += (refusal,)
    kind, resumed, name = refusal.kind, trip.told is not None, "" if key is None else key.name
    trip.attempts += (
        Attempt(
            leg.deployment.id,
            leg.model,
            kind,
            seconds,
            refusal.status,
            refusal.detail,
            leg.tier,
            sent,
            resumed,
            key=name,
        ),
    )
    return kind


def figures(request: Request, said: Usage, completion: int) -> Usage:
    """A deployment's figures, added up if it did not; where it told none, the request's own and ``completion``, if that
    is what its endpoint goes by.
    """
    if said.total_tokens:
        return said
    if said.prompt_tokens or said.completion_tokens:
        return msgspec.structs.replace(said, total_tokens=said.prompt_tokens + said.completion_tokens)
    if request.endpoint not in METERED:
        return said
    return Estimate(request.tokens, completion, request.tokens + completion)


def charge(trip: Trip, deployment: Deployment) -> None:
    """Write down what the last attempt cost, by the usage that is known by now."""
    if not trip.usage.total_tokens and trip.request.endpoint not in METERED:
        return
    dollars = cost(deployment, trip.usage)
    if dollars is not None:
        *before, last = trip.attempts
        trip.attempts = (*before, msgspec.structs.replace(last, cost=dollars))
        trip.charged = True


def abandoned(trip: Trip, leg: Leg, lease: Lease, reader: StreamReader | None) -> None:
    """Nobody waits for the end of this attempt. Nothing is held against the deployment; what it has delivered by
    ``reader``, of a stream that had begun, is charged all the same.
    """
    seconds, why = trip.core.board.clock() - lease.begun, trip.parting
    if reader is None:
        told(trip, leg, seconds, why, sent=True, key=lease.key)
        return
    told(trip, leg, seconds, msgspec.structs.replace(why, status=200), sent=True, key=lease.key)
    trip.usage = _so_far(trip.request, reader)
    charge(trip, leg.deployment)


def _so_far(request: Request, reader: StreamReader) -> Usage:
    """A deployment that begins with its figures counts the prompt, and what follows not yet."""
    usage, delivered = figures(request, reader.usage, reader.deltas), reader.deltas
    if request.endpoint not in TALKS or usage.completion_tokens >= delivered:
        return usage
    prompt = usage.prompt_tokens
    return Estimate(prompt, delivered, prompt + delivered, usage.prompt_tokens_details, usage.prompt_cache_hit_tokens)
