"""Rendezvous hashing with weights and bounded load: the same key leads to the same member, wherever it is asked.

Every member has a distance to every key, drawn by a hash; the nearest one is the key's home. Who leaves takes only its
own keys along, spread over the others by their weights; nobody else's move. Unlike a ring this needs no memory, no
virtual nodes and no order of arrival, so replicas agree without talking. Method: Thaler and Ravishankar 1998, with
weights as -ln(u) / w.

Bounded load: nobody is given more than 1.25 times its share of all that is in flight; a key whose home is full goes to
the next nearest, which is the same for all of that key's requests, so a popular key warms few caches, not all.
Method: Mirrokni, Thorup and Zadimoghaddam 2018.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from hashlib import blake2b
from math import inf
from typing import Any

from pointsman.model.members import Column, Members
from pointsman.model.view import View
from pointsman.routing.figures import arithmetic

BOUND = 1.25


def number(text: bytes) -> int:
    """64 bits of a text: the same in every process and on every machine."""
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class Homes:
    """The members of one pool, as places that keys can live."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._do = arithmetic(members)

    @cached_property
    def _seeds(self) -> Any:
        """Made for the first key: who has a home elsewhere needs none."""
        return self._do.seeds([_seed(d.id) for d in self._members.pool])

    def distances(self, key: int, shares: Column) -> Column:
        """How far each member is from a key. A member without a share is infinitely far."""
        return self._do.distances(key, self._seeds, shares)

    def bounds(self, shares: Column, loads: Column) -> Column:
        """The requests in flight that each member must be below to be given one more."""
        most = self._most(shares, loads)
        return self._do.each(lambda share: most * share, shares)

    def place(self, key: int, shares: Column, view: View) -> tuple[int, int]:
        """Who takes a request with this key, and whose it is. At least one share is above 0."""
        do, far, loads = self._do, self.distances(key, shares), view.in_flight_of(self._members)
        home = do.lowest(far)
        most = self._most(shares, loads)
        if loads[home] < most * shares[home]:
            return home, home
        below = do.each(lambda load, share: load < most * share, loads, shares)
        return do.lowest(do.where(below, far, inf)), home

    def _most(self, shares: Column, loads: Column) -> float:
        """Requests in flight for a share of 1."""
        return BOUND * (self._do.total(loads) + 1) / self._do.total(shares)


@lru_cache(10_000)
def _seed(name: str) -> tuple[int, int]:
    """A member's own hash of keys, of those that multiply, add and take the upper bits (Dietzfelbinger 1996)."""
    digest = blake2b(name.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big") | 1, int.from_bytes(digest[8:], "big")
