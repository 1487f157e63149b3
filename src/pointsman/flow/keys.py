"""Another key: where a provider has several, what one of them meets is that key's affair, and the next is sent.

That is the same try of the same deployment, so it costs none of the request's retries and happens without them; there
are no more such tries than keys, because each fails a request at most once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pointsman.flow.picks import Taken
from pointsman.flow.trip import Trip
from pointsman.model.decision import Leg
from pointsman.model.exchange import Refusal
from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Key
from pointsman.routing.elsewhere import why_not
from pointsman.routing.rendezvous import number
from pointsman.state.keys import OF_KEYS
from pointsman.state.scoreboard import Lease


def next_key(trip: Trip, leg: Leg, lease: Lease) -> Key:
    """The key to begin with: the next in turn or the session's; on a retry one that has not failed the request yet."""
    board, (order, in_turn) = trip.core.board.keys, _order(trip, leg)
    failed = _failed(trip, leg) if trip.keys else None
    fresh = board.another(lease.record, order, failed, in_turn=in_turn) if failed else None
    return fresh or board.pick(lease.record, order, in_turn=in_turn)


def key_delivered(trip: Trip, lease: Lease) -> None:
    """The attempt that succeeded says with which key."""
    if lease.key is not None:
        trip.core.board.key_delivered(lease)
        _note(trip, key=lease.key.name)


def key_failed(trip: Trip, leg: Leg, lease: Lease, refusal: Refusal) -> tuple[float, Refusal, bool]:
    """Hold a failure against the key. Returned are the seconds it took; the refusal, which asks to wait until the first
    key is back if none is left; and whether one is.
    """
    board = trip.core.board
    seconds = board.clock() - lease.begun
    if lease.key is not None:
        trip.keys |= {(leg.deployment.id, lease.key)}
    back = board.key_failed(lease, refusal.kind, refusal.retry_after)
    if back is not None and refusal.retry_after is not None:
        refusal = msgspec.structs.replace(refusal, retry_after=back)
    return seconds, refusal, back is None


def another_key(trip: Trip, leg: Leg, failure: FailureKind) -> Taken:
    """The deployment again, with a lease taken for a key that has not failed the request; None if there is none."""
    deployment, board = leg.deployment, trip.core.board
    if failure not in OF_KEYS or not deployment.provider.keys or board.clock() >= trip.deadline:
        return None
    with board.lock:
        if why_not(deployment, trip.request, board) is not None:
            return None
        order, in_turn = _order(trip, leg)
        key = board.keys.another(board.record(deployment), order, _failed(trip, leg), in_turn=in_turn)
        if key is None:
            return None
        lease = board.take(deployment)
        lease.key = key
    _note(trip, rekeyed=True)
    return leg, lease


def _order(trip: Trip, leg: Leg) -> tuple[Sequence[Key], bool]:
    """The keys, and whether they are used in turn. A session's are in an order of its own, which it keeps when others
    come and go (rendezvous hashing): prompts are cached by account.
    """
    keys, session = leg.deployment.provider.keys, trip.request.hints.session
    if session is None:
        return keys, True
    return sorted(keys, key=lambda key: number(f"{session}\0{key.name}".encode())), False


def _failed(trip: Trip, leg: Leg) -> set[Key]:
    """The keys that have failed the request there."""
    return {key for at, key in trip.keys if at == leg.deployment.id}


def _note(trip: Trip, **known: str | bool) -> None:
    *before, last = trip.attempts
    trip.attempts = (*before, msgspec.structs.replace(last, **known))
