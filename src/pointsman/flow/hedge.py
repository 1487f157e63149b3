"""Hedging: when an answer is late, somebody else is asked besides; whoever delivers first wins, the other is cancelled.

Off unless configured, and bounded by a budget, because every second copy may be billed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from pointsman.flow.effects import Call, Effect, Failed, Join, Late, Patiently, Raced, Reply
from pointsman.flow.picks import another
from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.outcome import FailureKind
from pointsman.state.scoreboard import Lease

FEWEST = 20
"""Results from which a 95th percentile is taken to say something."""


class Entrant(msgspec.Struct, frozen=True):
    """One that was asked: whom, with which lease, and how."""

    leg: Leg
    lease: Lease
    call: Call


Written = Callable[[Leg, Lease], Call | None]
"""Makes the call for a leg; None if its dialect has no words for the request."""

Lost = Callable[[Entrant, Reply], None]
"""Takes note of what came of the one that did not win: a reply, or None where nobody waits for either any more."""

OUTRUN = Failed(FailureKind.OUTRUN, "another copy of the request was faster", sent=True)


def patience(trip: Trip, leg: Leg) -> float | None:
    """Seconds after which an answer is late: as configured, else what 19 of 20 first tokens of the deployment take.
    None if nobody else is to be asked.
    """
    settings = trip.router.hedge
    if settings is None:
        return None
    if settings.delay is not None:
        return settings.delay
    if not trip.request.stream:
        return None
    standing = trip.core.board.standing(leg.deployment)
    return standing.first_token if standing.samples >= FEWEST else None


def hedged(
    trip: Trip, first: Entrant, seconds: float, written: Written, lost: Lost
) -> Generator[Effect, Reply, tuple[Entrant, Reply]]:
    """Ask ``first``, and somebody else if nothing has come after so many seconds. Returned is who won, or failed last,
    and the reply; the lease of the other is given back, and it was told to ``lost``.
    """
    board, hedges = trip.core.board, trip.core.board.hedges
    reply = yield Patiently(first.call, seconds)
    if type(reply) is not Late:
        return first, reply
    with board.lock:
        second = _second(trip, first, written) if hedges.admits(board.active) else None
        if second is not None:
            hedges.pay()
    if second is None:
        raced = yield Join(reply.race, None)
        return first, _checked(raced).reply
    keep = first
    try:
        raced = _checked((yield Join(reply.race, second.call)))
        keep, other = (second, first) if raced.second else (first, second)
        trip.leg = keep.leg
        lost(other, raced.other or OUTRUN)
    except GeneratorExit:
        lost(second, None)
        raise
    else:
        return keep, raced.reply
    finally:
        with board.lock:
            hedges.give_back()
        board.give_back(second.lease if keep is first else first.lease)


def _second(trip: Trip, first: Entrant, written: Written) -> Entrant | None:
    found = another(trip, first.leg)
    if found is None:
        return None
    leg, lease = found
    call = written(leg, lease)
    if call is None:
        trip.core.board.give_back(lease)
        return None
    return Entrant(leg, lease, call)


def _checked(reply: Reply) -> Raced:
    if type(reply) is not Raced:
        raise TypeError(f"no reply to a race: {reply!r}")
    return reply
