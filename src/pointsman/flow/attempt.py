"""Asking, and asking again: one request from its decision to its outcome, as questions to the world.

When to retry and when to fall back is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Generator

from pointsman.errors import InvalidBody, PointsmanError, UpstreamFailed
from pointsman.flow.ask import ask
from pointsman.flow.decide import heard
from pointsman.flow.effects import Effect, Reply, Sleep
from pointsman.flow.trip import Core, Trip
from pointsman.model.decision import Leg
from pointsman.model.outcome import CONSEQUENCES, Attempt, FailureKind, Outcome
from pointsman.routing.elsewhere import providers_of, why_not
from pointsman.routing.fallback import leg_of
from pointsman.state.scoreboard import Lease

__all__ = ["Core", "Trip", "serve"]

BACKOFF_FIRST, BACKOFF_LONGEST = 0.25, 4.0
"""Seconds: full jitter below first * 2^n. Source: AWS Builders' Library; figures in docs/concepts/failures.md."""

WORTH_WAITING = 5.0
"""Seconds: an upstream's Retry-After up to this is waited for when nobody else in the group is left to ask."""

Taken = tuple[Leg, Lease] | None
Next = Generator[Effect, Reply, Taken]


def serve(trip: Trip) -> Generator[Effect, Reply, Trip]:
    """Serve one request. Raises what the decision raises; every later failure is told in the trip."""
    core = trip.core
    board = core.board
    said = (yield from heard(core.pipeline, trip.request, board)) if core.pipeline.content.remote else None
    with board.lock:
        decision = core.pipeline.decide(trip.request, board, core.dice, None, said)
        lease = board.take(decision.choice, decision.tiers[decision.tier].group)
    trip.decided = lease.begun - trip.started
    leg = leg_of(decision.choice, decision.tier, decision.tiers[decision.tier])
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
    trip.asked |= {(leg.deployment.id, leg.model)}
    trip.failed |= {leg.deployment.provider.name}
    found = None
    if _may_retry(trip, leg.tier):
        found = _in_tier(trip, leg.tier)
        if found is None and means.here:
            found = yield from _same_again(trip, leg)
    return found or _further(trip, leg.tier + 1) or _further(trip, 0, in_need=True)


def _further(trip: Trip, first: int, *, in_need: bool = False) -> Taken:
    """Somebody of the first tier from here on where somebody may be asked now. To the members of a chain, those are
    unavailable who failed and those where nobody could be asked.
    """
    pipeline, board, out = trip.core.pipeline, trip.core.board, trip.failed
    with board.lock:
        for number, tier in enumerate(trip.decision.tiers[first:], start=first):
            if not pipeline.admits(tier, trip.request, board, out) or not _may_retry(trip, number):
                continue
            found = _in_tier(trip, number, in_need=in_need)
            if found is not None:
                return found
            out |= providers_of(tier)
    return None


def _may_retry(trip: Trip, number: int) -> bool:
    """Has the tier been asked less often than it may be?"""
    tries = _tries(trip, number)
    return tries == 0 or tries <= _retries(trip, number)


def _tries(trip: Trip, number: int) -> int:
    return sum(attempt.tier == number for attempt in trip.attempts)


def _retries(trip: Trip, number: int) -> int:
    """How often a tier may be asked again: as the caller wishes, else as its chain says, else the router."""
    if trip.request.num_retries is not None:
        return trip.request.num_retries
    link = trip.decision.tiers[number].link
    if link is not None and link.retries is not None:
        return link.retries
    return trip.core.pipeline.topology.router.num_retries


def _in_tier(trip: Trip, number: int, *, in_need: bool = False) -> Taken:
    """The strategy's pick among those of a tier who were not asked yet and may be asked now, with a lease taken."""
    core, request, tier = trip.core, trip.request, trip.decision.tiers[number]
    board = core.board
    with board.lock:
        left = [leg_of(deployment, number, tier) for deployment in tier.pool]
        left = [leg for leg in left if (leg.deployment.id, leg.model) not in trip.asked]
        fit = [leg for leg in left if why_not(leg.deployment, request, board, in_need=in_need) is None]
        if not fit:
            return None
        pool = tuple(leg.deployment for leg in fit)
        index, _ = core.pipeline.strategy(tier, pool).pick(request, board, core.dice)
        return fit[index], board.take(fit[index].deployment, tier.group)


def _same_again(trip: Trip, leg: Leg) -> Next:
    """Wait a little and ask the same one again, unless it rests for long or time is up. A member of a chain that rests
    is not waited for.
    """
    board = trip.core.board
    told = trip.refusal.retry_after if trip.refusal is not None else None
    rest = board.wait(leg.deployment, trip.request.tokens)
    patience = 0.0 if told is None or trip.decision.tiers[leg.tier].link is not None else WORTH_WAITING
    if rest > patience:
        return None
    delay = max(rest, told) if told is not None else _pause(trip, leg)
    delay = max(delay, trip.core.pipeline.topology.router.retry_after)
    if board.clock() + delay >= trip.deadline:
        return None
    yield Sleep(delay)
    with board.lock:
        if why_not(leg.deployment, trip.request, board) is not None:
            return None
        return leg, board.take(leg.deployment, leg.group)


def _pause(trip: Trip, leg: Leg) -> float:
    """Seconds: a chain's own delay give or take half, else full jitter below a ceiling that doubles."""
    link, draw = trip.decision.tiers[leg.tier].link, trip.core.dice.random()
    if link is not None and link.delay is not None:
        return link.delay * (0.5 + draw)
    return min(BACKOFF_FIRST * 2.0 ** min(_tries(trip, leg.tier) - 1, 16), BACKOFF_LONGEST) * draw


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
