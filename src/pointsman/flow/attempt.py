"""Asking, and asking again: one request from its decision to its outcome, as questions to the world.

When to retry and when to fall back is decided here; how often, in ``retries.py``; what the end of it is called, in
``verdict.py``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import msgspec

from pointsman.errors import NoCandidate
from pointsman.flow.ask import ask
from pointsman.flow.decide import heard
from pointsman.flow.effects import Effect, Reply, Sleep
from pointsman.flow.keys import another_key
from pointsman.flow.line import trip_in_line
from pointsman.flow.picks import Taken, in_tier, take
from pointsman.flow.retries import may_retry, on_policy, tries_of
from pointsman.flow.trip import Core, Trip
from pointsman.flow.verdict import give_up
from pointsman.model.decision import Decision, Leg, Step, Tier
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Outcome
from pointsman.routing.elsewhere import providers_of, why_not
from pointsman.routing.fallback import leg_of
from pointsman.routing.needs import unfit
from pointsman.routing.shapes import Heard
from pointsman.state.scoreboard import Lease

__all__ = ["Core", "Trip", "serve"]

BACKOFF_FIRST, BACKOFF_LONGEST = 0.25, 4.0
"""Seconds: full jitter below first * 2^n. Source: AWS Builders' Library; figures in docs/concepts/failures.md."""

WORTH_WAITING = 5.0
"""Seconds: an upstream's Retry-After up to this is waited for when nobody else in the group is left to ask."""

Next = Generator[Effect, Reply, Taken]


def serve(trip: Trip) -> Generator[Effect, Reply, Trip]:
    """Serve one request. Raises what the decision raises; every later failure is told in the trip."""
    core = trip.core
    board = core.board
    said = (yield from heard(core.pipeline, trip.request, board)) if core.pipeline.content.remote else None
    try:
        with board.lock:
            decision = core.pipeline.decide(trip.request, board, core.dice, None, said)
            lease = board.take(decision.choice, decision.tiers[decision.tier].group)
    except NoCandidate as nobody:
        decision, lease = yield from _when_there_is_room(trip, said, nobody)
    trip.decided = lease.begun - trip.started - trip.waited
    leg = leg_of(decision.choice, decision.tier, decision.tiers[decision.tier])
    trip.decision, trip.leg = decision, leg
    if decision.tier:
        trip.on = decision.tiers[decision.tier].on
    while True:
        try:
            failure = yield from ask(trip, leg, lease)
            leg = trip.leg
        finally:
            if trip.paid:
                _pay_back(trip)
        if failure is None:
            seconds = board.clock() - trip.started
            trip.outcome = Outcome(None, 200, trip.attempts, trip.usage, seconds, trip.first_token)
            return trip
        lost = trip.relayed and trip.told is None
        following = None if lost else (yield from _next(trip, leg, failure))
        if following is None:
            give_up(trip, leg)
            return trip
        leg, lease = following
        trip.leg = leg


def _when_there_is_room(
    trip: Trip, said: Heard | None, nobody: NoCandidate
) -> Generator[Effect, Reply, tuple[Decision, Lease]]:
    """The decision of a request for which nobody had room at first. Raises ``nobody`` or what a later look raises."""
    core, board = trip.core, trip.core.board
    last = nobody

    def look() -> tuple[Decision, Lease] | None:
        nonlocal last
        try:
            decision = core.pipeline.decide(trip.request, board, core.dice, None, said)
        except NoCandidate as still:
            last = still
            return None
        return decision, board.take(decision.choice, decision.tiers[decision.tier].group)

    if not nobody.crowded or not board.queue.settings.size:
        raise nobody
    found = yield from trip_in_line(trip, nobody.crowded, look)
    if found is None:
        raise last
    decision, lease = found
    waited = Step("queue", len(decision.pool), len(decision.pool), f"waited {trip.waited:.2f} s for room")
    return msgspec.structs.replace(decision, steps=(*decision.steps, waited)), lease


def _next(trip: Trip, leg: Leg, failure: FailureKind) -> Next:
    """Whom to ask now, with a lease taken; None if nobody is left or the failure would be the same elsewhere."""
    if trip.keys and (found := another_key(trip, leg, failure)):
        return found
    if not _worth_another(trip, leg, failure):
        return None
    wished = trip.request.num_retries
    trip.spent = len(trip.attempts) > 1 or (trip.router.num_retries if wished is None else wished) > 0
    board = trip.core.board
    if board.clock() >= trip.deadline:
        return None
    trip.asked |= {(leg.deployment.id, leg.model)}
    trip.failed |= {leg.deployment.provider.name}
    if _turns(trip, failure):
        return _further(trip, leg, failure, 0)
    found = None
    if may_retry(trip, leg.tier, leg, failure):
        found = in_tier(trip, leg.tier)
        if found is None and (CONSEQUENCES[failure].here or on_policy(trip, leg, failure)):
            found = yield from _same_again(trip, leg)
    found = found or _further(trip, leg, failure, leg.tier + 1)
    if found is None and board.queue.settings.size and (crowded := _crowded(trip, leg, failure)):
        found = yield from trip_in_line(trip, crowded, lambda: _further(trip, leg, failure, 0))
    if found is None and trip.on is None:
        found = _further(trip, leg, failure, 0, in_need=True)
    return found


def _crowded(trip: Trip, leg: Leg, failure: FailureKind) -> tuple[str, ...]:
    """Who could be asked next but for the requests that they are serving now."""
    board, tokens = trip.core.board, trip.request.tokens
    with board.lock:
        return tuple(
            {
                deployment.id: None
                for number, tier in _tiers(trip, 0)
                if trip.core.pipeline.admits(tier, trip.request, board, trip.failed)
                and may_retry(trip, number, leg, failure)
                for deployment in tier.pool
                if (deployment.id, leg_of(deployment, number, tier).model) not in trip.asked
                and not unfit(deployment, trip.request)
                and board.crowded(deployment, tokens)
            }
        )


def _worth_another(trip: Trip, leg: Leg, failure: FailureKind) -> bool:
    """Might somebody, or the same one, say something else? What may have been billed is asked again only if allowed."""
    if trip.attempts[-1].sent and not trip.router.retries.sent:
        return False
    if CONSEQUENCES[failure].elsewhere or any(tier.on is failure for tier in trip.decision.tiers):
        return True
    return bool(on_policy(trip, leg, failure))


def _turns(trip: Trip, failure: FailureKind) -> bool:
    """A failure with tiers of its own turns the trip to those, once and for all."""
    if failure is FailureKind.CONTEXT:
        trip.too_short |= {trip.leg.model}
        trip.longer_than = max(trip.longer_than, trip.leg.deployment.context or 0)
    if trip.on is None and any(tier.on is failure for tier in trip.decision.tiers):
        trip.on = failure
        return True
    return False


def _further(trip: Trip, leg: Leg, failure: FailureKind, first: int, *, in_need: bool = False) -> Taken:
    """Somebody of the first tier from here on where somebody may be asked now. To the members of a chain, those are
    unavailable who failed and those where nobody could be asked.
    """
    pipeline, board, out = trip.core.pipeline, trip.core.board, trip.failed
    with board.lock:
        for number, tier in _tiers(trip, first):
            if not pipeline.admits(tier, trip.request, board, out) or not may_retry(trip, number, leg, failure):
                continue
            found = in_tier(trip, number, in_need=in_need)
            if found is not None:
                return found
            out |= providers_of(tier)
    return None


def _tiers(trip: Trip, first: int) -> Iterator[tuple[int, Tier]]:
    """The tiers from here on that are for the trip as it stands: those for one cause, or those for any."""
    for number, tier in enumerate(trip.decision.tiers[first:], start=first):
        if tier.on is trip.on:
            yield number, tier


def _same_again(trip: Trip, leg: Leg) -> Next:
    """Wait a little and ask the same one again, unless it rests for long, asked for long, or time is up. A member of a
    chain that rests is not waited for.
    """
    board = trip.core.board
    told = trip.refusals[-1].retry_after
    rest = board.wait(leg.deployment, trip.request.tokens)
    patience = 0.0 if told is None or trip.decision.tiers[leg.tier].link is not None else WORTH_WAITING
    if rest > patience or (told is not None and told > WORTH_WAITING):
        return None
    delay = max(rest, told) if told is not None else _pause(trip, leg)
    delay = max(delay, trip.router.retry_after)
    if board.clock() + delay >= trip.deadline:
        return None
    yield Sleep(delay)
    with board.lock:
        if why_not(leg.deployment, trip.request, board) is not None or not board.budget.admits(board.active):
            return None
        return leg, take(trip, leg)


def _pause(trip: Trip, leg: Leg) -> float:
    """Seconds: a chain's own delay give or take half, else full jitter below a ceiling that doubles."""
    link, draw = trip.decision.tiers[leg.tier].link, trip.core.dice.random()
    if link is not None and link.delay is not None:
        return link.delay * (0.5 + draw)
    return min(BACKOFF_FIRST * 2.0 ** min(tries_of(trip, leg.tier) - 1, 16), BACKOFF_LONGEST) * draw


def _pay_back(trip: Trip) -> None:
    board = trip.core.board
    trip.paid = False
    with board.lock:
        board.budget.give_back()
