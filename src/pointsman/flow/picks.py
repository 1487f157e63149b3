"""Whom: the strategy's pick among those of a tier who may be asked now, with a lease taken in the same hold."""

from __future__ import annotations

from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.routing.elsewhere import needed, why_not
from pointsman.routing.fallback import as_wished, leg_of
from pointsman.routing.wording import unworded
from pointsman.state.scoreboard import Lease

Taken = tuple[Leg, Lease] | None

LULL = 1.0
"""Seconds since a deployment's last failure before a request that failed elsewhere is sent to it although it rests. In
an outage of everybody each request is then one attempt and not one for each deployment.
"""


def in_tier(trip: Trip, number: int, *, in_need: bool = False) -> Taken:
    """The strategy's pick among those of a tier who were not asked yet and may be asked now, with a lease taken."""
    tier, board = trip.decision.tiers[number], trip.core.board
    request = as_wished(trip.request, tier)
    with board.lock:
        left = [leg_of(deployment, number, tier) for deployment in tier.pool]
        left = [leg for leg in left if (leg.deployment.id, leg.model) not in trip.asked]
        if trip.too_short and request.tokens >= trip.request.tokens:
            left = [leg for leg in left if _long_enough(trip, leg)]
        if in_need:
            wanted = needed(tuple([leg.deployment for leg in left]), trip.decision.tiers, request, board)
            fit = [leg for leg in left if leg.deployment in wanted and board.quiet(leg.deployment) >= LULL]
        else:
            fit = [leg for leg in left if why_not(leg.deployment, request, board) is None]
            fit = [leg for leg in fit if not unworded(leg.deployment, request)] or fit
        if fit and not board.budget.admits(board.active):
            fit = [leg for leg in fit if not board.failing(leg.deployment)]
        if not fit:
            return None
        picked = _picked(trip, fit)
        return picked, take(trip, picked)


def another(trip: Trip, leg: Leg) -> Taken:
    """Somebody in good standing in the tier of ``leg``, to be asked beside it."""
    tier, board = trip.decision.tiers[leg.tier], trip.core.board
    with board.lock:
        left = [leg_of(deployment, leg.tier, tier) for deployment in tier.pool if deployment is not leg.deployment]
        fit = [
            other
            for other in left
            if (other.deployment.id, other.model) not in trip.asked
            and not board.failing(other.deployment)
            and why_not(other.deployment, trip.request, board) is None
        ]
        if not fit:
            return None
        picked = _picked(trip, fit)
        return picked, board.take(picked.deployment, picked.group)


def take(trip: Trip, leg: Leg) -> Lease:
    """A lease for a further attempt; asking somebody who is failing already is paid for from the budget."""
    board = trip.core.board
    if board.failing(leg.deployment):
        board.budget.pay()
        trip.paid = True
    return board.take(leg.deployment, leg.group)


def _picked(trip: Trip, fit: list[Leg]) -> Leg:
    core, tier = trip.core, trip.decision.tiers[fit[0].tier]
    index, _ = core.pipeline.strategy(tier, tuple([leg.deployment for leg in fit])).pick(
        trip.request, core.board, core.dice
    )
    return fit[index]


def _long_enough(trip: Trip, leg: Leg) -> bool:
    """After a model said that the request is too long: is this one known to take more, or at least another one?"""
    context = leg.deployment.context
    if context is not None and trip.longer_than:
        return context > trip.longer_than
    return leg.model not in trip.too_short
