"""Asking, and asking again: one request from its decision to its outcome, as questions to the world.

When to retry and when to fall back is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Generator

from pointsman.errors import InvalidBody, PointsmanError, UpstreamFailed
from pointsman.flow.ask import ask
from pointsman.flow.effects import Effect, Reply, Sleep
from pointsman.flow.trip import Core, Trip
from pointsman.model.decision import Leg
from pointsman.model.outcome import CONSEQUENCES, Attempt, FailureKind, Outcome
from pointsman.routing.fallback import legs
from pointsman.state.scoreboard import Lease

__all__ = ["Core", "Trip", "serve"]

BACKOFF_FIRST, BACKOFF_LONGEST = 0.25, 4.0
"""Seconds: full jitter below first * 2^n. Source: AWS Builders' Library; figures in docs/concepts/failures.md."""

WORTH_WAITING = 5.0
"""Seconds: an upstream's Retry-After up to this is waited for when nobody else in the group is left to ask."""

Next = Generator[Effect, Reply, tuple[Leg, Lease] | None]


def serve(trip: Trip) -> Generator[Effect, Reply, Trip]:
    """Serve one request. Raises what the decision raises; every later failure is told in the trip."""
    core = trip.core
    board = core.board
    with board.lock:
        decision = core.pipeline.decide(trip.request, board, core.dice)
        lease = board.take(decision.choice, decision)
    tier = trip.tier = decision.tier
    leg = Leg(decision.choice, decision.upstream_model, tier, decision.tiers[tier].group)
    trip.decision, trip.leg = decision, leg
    while True:
        failure = yield from ask(trip, leg, lease)
        if failure is None or trip.relayed:
            seconds = board.clock() - trip.started
            trip.outcome = Outcome(failure, 200, trip.attempts, trip.usage, seconds, trip.first_token)
            return trip
        following = yield from _next(trip, leg, failure)
        if following is None:
            _give_up(trip, leg)
            return trip
        leg, lease = following
        trip.leg = leg


def _next(trip: Trip, leg: Leg, failure: FailureKind) -> Next:
    """Whom to ask now, with a lease taken; None if nobody is left or the failure would be the same elsewhere."""
    means = CONSEQUENCES[failure]
    if not means.elsewhere or trip.core.board.clock() >= trip.deadline:
        return None
    if trip.pending is None:
        asked = (leg.deployment.id, leg.model)
        trip.pending = [p for p in legs(trip.decision) if (p.deployment.id, p.model) != asked]
    router, wished = trip.core.pipeline.topology.router, trip.request.num_retries
    may_retry = trip.tries <= (router.num_retries if wished is None else wished)
    if may_retry:
        if (found := _first(trip, [p for p in trip.pending if p.tier == trip.tier])) is not None:
            return found
        if means.here and (again := (yield from _same_again(trip, leg))) is not None:
            return again
    if (found := _first(trip, [p for p in trip.pending if p.tier > trip.tier])) is not None:
        trip.tier, trip.tries = found[0].tier, 1
        return found
    left = trip.pending if may_retry else [p for p in trip.pending if p.tier > trip.tier]
    return _first(trip, list(left), in_need=True)


def _first(trip: Trip, plan: list[Leg], *, in_need: bool = False) -> tuple[Leg, Lease] | None:
    """The first of the plan that may be asked now."""
    for leg in plan:
        lease = _take(trip, leg, in_need=in_need)
        if lease is not None:
            return leg, lease
    return None


def _same_again(trip: Trip, leg: Leg) -> Next:
    """Wait a little and ask the same one again, unless it rests for long or time is up."""
    board = trip.core.board
    told = trip.refusal.retry_after if trip.refusal is not None else None
    rest = board.wait(leg.deployment, trip.request.tokens)
    if rest > (0.0 if told is None else WORTH_WAITING):
        return None
    ceiling = min(BACKOFF_FIRST * 2.0 ** min(trip.tries - 1, 16), BACKOFF_LONGEST)
    delay = max(rest, told) if told is not None else ceiling * trip.core.dice.random()
    delay = max(delay, trip.core.pipeline.topology.router.retry_after)
    if board.clock() + delay >= trip.deadline:
        return None
    yield Sleep(delay)
    lease = _take(trip, leg)
    return (leg, lease) if lease is not None else None


def _take(trip: Trip, leg: Leg, *, in_need: bool = False) -> Lease | None:
    """A lease at a deployment that is fit and has room now; it is then no longer pending."""
    board = trip.core.board
    with board.lock:
        if board.fitness(leg.deployment, in_need=in_need) is not None:
            return None
        if leg.deployment.limited and board.room(leg.deployment, trip.request.tokens) is not None:
            return None
        if trip.pending is not None and leg in trip.pending:
            trip.pending.remove(leg)
        trip.tries += 1
        return board.take(leg.deployment)


def _give_up(trip: Trip, leg: Leg) -> None:
    """The final error lists every attempt, by public names, and keeps the first cause."""
    failure = _cause(trip.attempts)
    seconds = trip.core.board.clock() - trip.started
    trip.error = _error(trip, leg, failure)
    trip.outcome = Outcome(failure, trip.error.status, trip.attempts, trip.usage, seconds)


def _cause(attempts: tuple[Attempt, ...]) -> FailureKind:
    """The first attempt's failure; that a model is missing somewhere counts only if it is missing everywhere."""
    kinds = [attempt.failure for attempt in attempts if attempt.failure is not None]
    return next((kind for kind in kinds if kind is not FailureKind.NOT_FOUND), FailureKind.NOT_FOUND)


def _error(trip: Trip, leg: Leg, failure: FailureKind) -> PointsmanError:
    means, refusal = CONSEQUENCES[failure], trip.refusal
    if failure is FailureKind.BAD_REQUEST and refusal is not None:
        if refusal.body is None:
            return InvalidBody(f"{leg.deployment.id}: {refusal.detail}")
        return UpstreamFailed(f"{leg.deployment.id}: {refusal.detail}", status=refusal.status, code=means.code)
    wait = None
    if means.status in (429, 503):
        told = refusal.retry_after if refusal is not None else None
        wait = max(trip.core.board.wait(leg.deployment, trip.request.tokens), told or 0.0, 1.0)
    told_all = "; ".join(_sentence(attempt) for attempt in trip.attempts)
    return UpstreamFailed(
        f"no deployment delivered: {told_all}", status=means.status, code=means.code, retry_after=wait
    )


def _sentence(attempt: Attempt) -> str:
    kind = attempt.failure.value if attempt.failure is not None else "ok"
    return f"{attempt.deployment}: {kind} ({attempt.detail}) after {attempt.seconds:.2f} s"
