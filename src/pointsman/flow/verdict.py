"""What the caller is told when nobody delivered: the first cause, and every attempt by public names."""

from __future__ import annotations

import msgspec

from pointsman.errors import InvalidBody, PointsmanError, UpstreamFailed
from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.exchange import Refusal
from pointsman.model.outcome import CONSEQUENCES, Attempt, FailureKind, Outcome, Scope
from pointsman.providers.lacking import FIRM

ELSEWHERE = frozenset({FailureKind.NOT_FOUND, FailureKind.INEXPRESSIBLE})
"""Kinds that say nothing of what others would have answered."""


def give_up(trip: Trip, leg: Leg) -> None:
    """End the trip without an answer, or with a part of one. ``leg`` was asked last."""
    if trip.broke is not None:
        _break_off(trip, trip.broke)
        return
    number = _cause(trip.attempts)
    cause = trip.attempts[number].failure or FailureKind.NOT_FOUND
    seconds = trip.core.board.clock() - trip.started
    trip.cause = trip.refusals[number]
    trip.error = _error(trip, leg, cause, trip.cause)
    trip.outcome = Outcome(cause, trip.error.status, trip.attempts, trip.usage, seconds)


def _break_off(trip: Trip, number: int) -> None:
    """The caller has a part of an answer, and since the attempt of this number nobody went on with it. The upstream's
    own error is told only where nothing else was tried.
    """
    (who, *later), cause = trip.attempts[number:], trip.refusals[number]
    told = "; ".join([f"the answer of {who.deployment} broke off: {cause.detail}", *map(_sentence, later)])
    trip.cause = msgspec.structs.replace(cause, body=None) if later else cause
    trip.error = UpstreamFailed(told, code=CONSEQUENCES[FailureKind.CUT].code)
    seconds = trip.core.board.clock() - trip.started
    trip.outcome = Outcome(cause.kind, 200, trip.attempts, trip.usage, seconds, trip.first_token)


def _cause(attempts: tuple[Attempt, ...]) -> int:
    """The first attempt; that a model is missing somewhere, or can't be asked so, counts only if it is everywhere, and
    what one of several keys met not at all.
    """
    tries = [number for number, attempt in enumerate(attempts) if not attempt.rekeyed]
    return next((number for number in tries if attempts[number].failure not in ELSEWHERE), tries[0])


def _error(trip: Trip, leg: Leg, failure: FailureKind, refusal: Refusal) -> PointsmanError:
    if failure is FailureKind.INEXPRESSIBLE:
        return _inexpressible(trip, refusal)
    means, first = CONSEQUENCES[failure], trip.attempts[0].deployment
    told = "; ".join(_sentence(attempt) for attempt in trip.attempts)
    tries = sum(not attempt.rekeyed for attempt in trip.attempts)
    if means.scope is Scope.REQUEST and failure is not FailureKind.DEADLINE and tries == 1:
        if refusal.body is None and failure is FailureKind.BAD_REQUEST:
            return InvalidBody(f"{first}: {refusal.detail}")
        told = f"{first}: {refusal.detail}"
    else:
        told = f"no deployment delivered: {told}"
    status = means.status
    if failure is FailureKind.BAD_REQUEST and refusal.status >= 400:
        status = refusal.status
    wait = _wait(trip, leg, refusal) if status in (429, 503) else None
    return UpstreamFailed(told, status=status, code=means.code, retry_after=wait, final=trip.spent)


def _inexpressible(trip: Trip, refusal: Refusal) -> InvalidBody:
    """Nobody was asked, because nobody could be."""
    told = "; ".join(f"{attempt.deployment}: {attempt.detail}" for attempt in trip.attempts)
    hint = "" if refusal.param in FIRM else "; drop_params leaves such fields out"
    return InvalidBody(f"{told}{hint}", param=refusal.param)


def _wait(trip: Trip, leg: Leg, refusal: Refusal) -> float:
    """Seconds until it is worth asking again."""
    return max(trip.core.board.wait(leg.deployment, trip.request.tokens), refusal.retry_after or 0.0, 1.0)


def _sentence(attempt: Attempt) -> str:
    kind = attempt.failure.value if attempt.failure is not None else "ok"
    return f"{attempt.deployment}: {kind} ({attempt.detail}) after {attempt.seconds:.2f} s"
