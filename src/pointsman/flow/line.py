"""Waiting for room: what a request does when everybody who could serve it is at the limit of parallel requests."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from pointsman.errors import QueueFull
from pointsman.flow.effects import Effect, Reply, Wait
from pointsman.flow.trip import Trip
from pointsman.state.queue import NORMAL, URGENT, Ticket
from pointsman.state.scoreboard import Scoreboard

LOOK_AGAIN = 1.0
"""Seconds between looks of one's own: somebody may have recovered without a place being handed on."""

WORDS = {b"critical": 9, b"urgent": 9, b"highest": 9, b"high": 7, b"normal": NORMAL, b"medium": NORMAL, b"low": 2}
WORDS |= {b"lowest": 0, b"batch": 0, b"background": 0}
WORDS |= {str(number).encode(): number for number in range(URGENT + 1)}
"""What ``X-Priority`` may say. Any other word is a caller's own business (rules may read it), and counts as normal."""

Found = TypeVar("Found")


class Waiting(NamedTuple):
    """Who waits for any of the deployments ``wanted`` (ids): how urgent it is (0..9, 9 first), its tokens, and when on
    the board's clock it is too late. ``sheds``: it does not even begin to wait where room is expected later than that.
    """

    wanted: tuple[str, ...]
    priority: int
    tokens: int
    deadline: float
    sheds: bool = True


def trip_in_line(
    trip: Trip, wanted: tuple[str, ...], attempt: Callable[[], Found | None]
) -> Generator[Effect, Reply, Found | None]:
    """The same for a request, which remembers how long it waited."""
    board = trip.core.board
    begun = board.clock()
    who = Waiting(wanted, priority_of(trip), trip.request.tokens, trip.deadline)

    def look() -> Found | None:
        found = attempt()
        trip.waited = board.clock() - begun
        return found

    return in_line(board, who, look)


def in_line(
    board: Scoreboard, who: Waiting, attempt: Callable[[], Found | None]
) -> Generator[Effect, Reply, Found | None]:
    """Stand in line until ``attempt`` finds something; None if time is up before. Raises QueueFull if there is no room
    in the line either, or too little time for it. ``attempt`` is called under the board's lock.
    """
    with board.lock:
        ticket = _ticket(board, who)
    served = False
    try:
        while True:
            yield Wait(ticket, max(min(board.look_again(ticket, LOOK_AGAIN), ticket.deadline - board.clock()), 0.0))
            with board.lock:
                kept = board.release(ticket)  # nobody else can have it before ``attempt`` is over
                turn = kept is not None or board.queue.is_next(ticket, board.clock())
                found = attempt() if turn else None
                if kept is not None:
                    board.pass_on(kept, ticket)
                elif found is not None:
                    board.queue.call_next(ticket)
            if found is not None:
                served = True
                return found
            if board.clock() >= ticket.deadline:
                return None
    finally:
        with board.lock:
            board.leave_line(ticket, served=served)


def priority_of(trip: Trip) -> int:
    """0..9, 9 first: what the header X-Priority says."""
    said = trip.request.headers.get(b"x-priority", b"")
    return WORDS.get(said.strip().lower(), NORMAL)


def _ticket(board: Scoreboard, who: Waiting) -> Ticket:
    now = board.clock()
    if board.queue.full:
        board.queue.refused += 1
        raise QueueFull(
            f"{len(board.queue)} requests wait for room already, which is the most that may",
            retry_after=board.expected_wait(who.wanted, who.priority),
        )
    expected = board.expected_wait(who.wanted, who.priority)
    if who.sheds and expected > min(who.deadline - now, board.queue.settings.seconds):
        board.queue.refused += 1
        raise QueueFull(f"room is expected in {expected:.0f} s, later than the request can wait", retry_after=expected)
    return board.queue.enter(who.wanted, who.tokens, who.priority, now, who.deadline)
