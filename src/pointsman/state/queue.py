"""The line of those who wait for room: bounded, the most urgent first, nobody for ever.

A ticket names every deployment that would do. Who frees a place hands it to the first in line whom it suits, so that a
newcomer can't slip in between. Rank is the time of arrival, put forward by AGEING seconds for each step of priority:
whoever waits long enough comes before any newcomer, whatever his priority. Time is an argument.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

AGEING = 5.0
"""Seconds of waiting that a step of priority is worth."""

URGENT = 9
"""The highest priority; 0 is the lowest."""

NORMAL = 5


class QueueSettings(msgspec.Struct, frozen=True):
    """``size`` tickets at most (0: nobody waits), each for ``seconds`` or until its request's deadline."""

    size: int = 1000
    seconds: float = 60.0


class Ticket:
    """A place in line. ``kept`` is the place that was handed to it; ``wake`` is called when that happens, under the
    board's lock, by whoever gave it.
    """

    __slots__ = ("deadline", "kept", "number", "rank", "tokens", "wake", "wanted")

    def __init__(self, wanted: frozenset[str], tokens: int, rank: float, number: int, deadline: float) -> None:
        self.wanted = wanted
        self.tokens = tokens
        self.rank = rank
        self.number = number
        self.deadline = deadline
        self.kept: Any = None
        self.wake: Callable[[], None] | None = None

    def __lt__(self, other: Ticket) -> bool:
        return (self.rank, self.number) < (other.rank, other.number)


class Queue:
    """Call under the board's lock. ``tickets`` are in order. ``served``, ``expired`` and ``refused`` are counts of what
    became of requests.
    """

    def __init__(self, settings: QueueSettings | None = None) -> None:
        self.settings = settings or QueueSettings()
        self.served = self.expired = self.refused = 0
        self.tickets: list[Ticket] = []
        self._numbers = 0

    def __len__(self) -> int:
        return len(self.tickets)

    @property
    def full(self) -> bool:
        return len(self.tickets) >= self.settings.size

    def enter(self, wanted: Iterable[str], tokens: int, priority: int, now: float, deadline: float) -> Ticket:
        """Stand in line for any of these deployments (ids)."""
        self._numbers += 1
        until = min(deadline, now + self.settings.seconds)
        ticket = Ticket(frozenset(wanted), tokens, now - AGEING * priority, self._numbers, until)
        insort(self.tickets, ticket)
        return ticket

    def leave(self, ticket: Ticket, *, served: bool, now: float) -> None:
        """It is served, or waits no longer."""
        if ticket not in self.tickets:  # its event loop has ended, which was noticed before
            return
        self.tickets.remove(ticket)
        self.served += served
        self.expired += not served and now >= ticket.deadline

    def before(self, wanted: Iterable[str], priority: int, now: float) -> int:
        """How many would be served before a newcomer who wants any of these."""
        rank, found = now - AGEING * priority, set(wanted)
        return sum(ticket.rank <= rank and not found.isdisjoint(ticket.wanted) for ticket in self.tickets)

    def is_next(self, ticket: Ticket, now: float) -> bool:
        """Is nobody before it in line who would take what it takes? For room that nobody hands on: a minute that is
        over, a breaker that is due.
        """
        for other in self.tickets:
            if other is ticket:
                return True
            waits = other.kept is None and other.deadline > now and other.tokens <= ticket.tokens
            if waits and not ticket.wanted.isdisjoint(other.wanted):
                return False
        return True

    def call_next(self, served: Ticket) -> None:
        """It found room that nobody handed on: the next in line for the same may find some too."""
        for other in self.tickets:
            if other is not served and other.kept is None and not served.wanted.isdisjoint(other.wanted):
                if other.wake is not None:
                    other.wake()
                return

    def first(self, suits: Callable[[Ticket], Any], now: float) -> tuple[Ticket, Any] | None:
        """The first in line for whom ``suits`` finds something, and that. Whose time is up is passed over."""
        for ticket in self.tickets:
            if ticket.kept is None and ticket.deadline > now:
                found = suits(ticket)
                if found is not None:
                    return ticket, found
        return None
