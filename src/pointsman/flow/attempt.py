"""Asking, and asking again: one request from its decision to its outcome, as questions to the world.

When to retry and when to fall back is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from pointsman.errors import InvalidBody, PointsmanError, UpstreamFailed
from pointsman.flow.ask import Question, Tried, ask
from pointsman.flow.effects import Effect, Reply, Sleep
from pointsman.model.decision import Decision, Leg
from pointsman.model.exchange import Refusal, Understood
from pointsman.model.outcome import CONSEQUENCES, NO_USAGE, Attempt, FailureKind, Outcome
from pointsman.model.request import Request
from pointsman.model.view import Dice
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import Pipeline
from pointsman.state.scoreboard import Lease, Scoreboard

BACKOFF_FIRST, BACKOFF_LONGEST = 0.25, 4.0
"""Seconds: full jitter below first * 2^n. Source: AWS Builders' Library; figures in docs/concepts/failures.md."""

WORTH_WAITING = 5.0
"""Seconds: an upstream's Retry-After up to this is waited for when nobody else is left to ask."""


class Core(msgspec.Struct, frozen=True):
    """What a flow works with: the pipeline over a topology, the live memory, chance."""

    pipeline: Pipeline
    board: Scoreboard
    dice: Dice


class Served(msgspec.Struct, frozen=True):
    """How a request ended: ``answer`` for a whole reply, ``error`` if nobody delivered, neither for a stream."""

    decision: Decision
    outcome: Outcome
    leg: Leg
    answer: Understood | None = None
    error: PointsmanError | None = None
    refusal: Refusal | None = None


class Trip:
    """One request's way through its plan: who was asked, who is left. Belongs to one flow; others may look."""

    __slots__ = (
        "attempts",
        "core",
        "deadline",
        "decision",
        "leg",
        "pending",
        "request",
        "retries",
        "started",
        "tier",
        "tries",
    )

    def __init__(self, request: Request, core: Core) -> None:
        router = core.pipeline.topology.router
        self.request = request
        self.core = core
        self.decision: Decision | None = None
        self.leg: Leg | None = None
        self.started = core.board.clock()
        self.deadline = self.started + (request.timeout or router.timeout)
        self.retries = router.num_retries if request.num_retries is None else request.num_retries
        self.attempts: list[Attempt] = []
        self.tries = 1
        self.tier = 0
        self.pending: list[Leg] | None = None


def serve(trip: Trip) -> Generator[Effect, Reply, Served]:
    """Serve one request. Raises what the decision raises; every later failure is told in the Served."""
    core = trip.core
    board = core.board
    with board.lock:
        decision = core.pipeline.decide(trip.request, board, core.dice)
        lease = board.take(decision.choice, decision)
    trip.decision = decision
    leg = trip.leg = Leg(decision.choice, decision.upstream_model, decision.tier, decision.tiers[decision.tier].group)
    trip.tier = decision.tier
    router = core.pipeline.topology.router
    timeout, idle = router.timeout, router.stream_timeout
    while True:
        question = Question(
            board, trip.request, decision, leg, lease, tuple(trip.attempts), trip.started, trip.deadline, timeout, idle
        )
        tried = yield from ask(question)
        trip.attempts.append(tried.attempt)
        if tried.attempt.failure is None or tried.relayed:
            return _delivered(trip, decision, leg, tried)
        following = yield from _next(trip, decision, leg, tried)
        if following is None:
            return _undelivered(trip, decision, leg, tried)
        leg, lease = following
        trip.leg = leg


def _next(trip: Trip, decision: Decision, leg: Leg, tried: Tried) -> Generator[Effect, Reply, tuple[Leg, Lease] | None]:
    """Whom to ask now, with a lease taken; None if nobody is left or the failure would be the same elsewhere."""
    kind = tried.attempt.failure
    if kind is None or not CONSEQUENCES[kind].elsewhere or trip.core.board.clock() >= trip.deadline:
        return None
    if trip.pending is None:
        asked = {(leg.deployment.id, leg.model)}
        trip.pending = [p for p in legs(decision) if (p.deployment.id, p.model) not in asked]
    if trip.tries <= trip.retries:
        for other in [p for p in trip.pending if p.tier == trip.tier]:
            lease = _take(trip, other)
            if lease is not None:
                return other, lease
        if CONSEQUENCES[kind].here:
            again = yield from _same_again(trip, leg, tried)
            if again is not None:
                return again
    for other in [p for p in trip.pending if p.tier > trip.tier]:
        lease = _take(trip, other)
        if lease is not None:
            trip.tier, trip.tries = other.tier, 1
            return other, lease
    return None


def _same_again(trip: Trip, leg: Leg, tried: Tried) -> Generator[Effect, Reply, tuple[Leg, Lease] | None]:
    """Wait a little and ask the same one again, unless it rests, a fallback group stands ready, or time is up."""
    board = trip.core.board
    told = tried.refusal.retry_after if tried.refusal is not None else None
    ceiling = min(BACKOFF_FIRST * 2.0 ** (trip.tries - 1), BACKOFF_LONGEST)
    delay = told if told is not None else ceiling * trip.core.dice.random()
    delay = max(delay, trip.core.pipeline.topology.router.retry_after)
    resting = board.fitness(leg.deployment) is not None and told is None
    if resting or delay > WORTH_WAITING or board.clock() + delay >= trip.deadline:
        return None
    yield Sleep(delay)
    lease = _take(trip, leg)
    return (leg, lease) if lease is not None else None


def _take(trip: Trip, leg: Leg) -> Lease | None:
    """A lease at a deployment that is fit and has room now; it is then no longer pending."""
    board = trip.core.board
    with board.lock:
        if board.fitness(leg.deployment) is not None:
            return None
        if leg.deployment.limited and board.room(leg.deployment, trip.request.tokens) is not None:
            return None
        if trip.pending is not None and leg in trip.pending:
            trip.pending.remove(leg)
        trip.tries += 1
        return board.take(leg.deployment)


def _delivered(trip: Trip, decision: Decision, leg: Leg, tried: Tried) -> Served:
    failure = tried.attempt.failure
    seconds = trip.core.board.clock() - trip.started
    outcome = Outcome(failure, 200, tuple(trip.attempts), tried.usage, seconds, tried.first_token)
    return Served(decision, outcome, leg, tried.answer, None, tried.refusal)


def _undelivered(trip: Trip, decision: Decision, leg: Leg, tried: Tried) -> Served:
    """The final error lists every attempt, by public names, and keeps the first cause."""
    first = trip.attempts[0]
    kind = first.failure or FailureKind.SERVER_ERROR
    if len({attempt.failure for attempt in trip.attempts}) > 1 and kind is FailureKind.NOT_FOUND:
        kind = tried.attempt.failure or kind
    means = CONSEQUENCES[kind]
    refusal = tried.refusal
    told = "; ".join(_sentence(attempt) for attempt in trip.attempts)
    wait = None
    if means.status in (429, 503):
        wait = max(trip.core.board.wait(leg.deployment), refusal.retry_after or 0.0 if refusal else 0.0, 1.0)
    status = refusal.status if refusal is not None and kind is FailureKind.BAD_REQUEST else means.status
    error: PointsmanError
    if refusal is not None and kind is FailureKind.BAD_REQUEST and refusal.body is None:
        error = InvalidBody(f"{leg.deployment.id}: {refusal.detail}")
    else:
        error = UpstreamFailed(f"no deployment delivered: {told}", status=status, code=means.code, retry_after=wait)
    seconds = trip.core.board.clock() - trip.started
    outcome = Outcome(kind, error.status, tuple(trip.attempts), NO_USAGE, seconds)
    return Served(decision, outcome, leg, None, error, refusal)


def _sentence(attempt: Attempt) -> str:
    kind = attempt.failure.value if attempt.failure is not None else "ok"
    return f"{attempt.deployment}: {kind} ({attempt.detail}) after {attempt.seconds:.2f} s"
