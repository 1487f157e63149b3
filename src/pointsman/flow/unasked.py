"""Answers that nobody has to be asked for: tokens that a deployment does not count are guessed, and to load a model
says nothing to a provider that does not know the word. Nothing is learnt of the deployment by them.
"""

from __future__ import annotations

from pointsman.flow.trip import Trip
from pointsman.flow.words import natively
from pointsman.model.decision import Leg
from pointsman.model.exchange import Refusal, Understood
from pointsman.model.outcome import Attempt
from pointsman.providers.streamed import streamed


def answered_here(trip: Trip, leg: Leg) -> bool:
    """True if the trip has its answer by now."""
    request, native = trip.request, trip.request.native
    if native is None or natively(trip, leg):
        return False
    if request.endpoint == "count_tokens":
        _done(trip, leg, Understood(b'{"input_tokens":%d}' % request.tokens, native=True), "estimated")
        return True
    if not native.idle:
        return False
    answer = Understood(native.idle)
    told = streamed(request, answer) if request.stream else answer
    if isinstance(told, Refusal):
        raise TypeError(f"an answer of our own that can't be told: {told.detail}")
    _done(trip, leg, told, "")
    return True


def _done(trip: Trip, leg: Leg, answer: Understood, detail: str) -> None:
    trip.answer = answer
    trip.attempts += (Attempt(leg.deployment.id, leg.model, None, 0.0, 200, detail, leg.tier),)
