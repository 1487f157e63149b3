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

from hashlib import blake2b
from math import ceil, inf, log

from pointsman.model.decision import Pool
from pointsman.model.view import View

BOUND = 1.25

_MASK = 2**64 - 1
_ALL = 53 * log(2)
"""The logarithm of 2**53, as many different draws as a float can tell apart."""


def number(text: bytes) -> int:
    """64 bits of a text: the same in every process and on every machine."""
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class Homes:
    """The members of one pool, as places that keys can live."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seeds = [_seed(d.id) for d in pool]

    def distances(self, key: int, shares: list[float]) -> list[float]:
        """How far each member is from a key. A member without a share is infinitely far."""
        members = zip(self._seeds, shares, strict=True)
        return [
            (_ALL - log(((key * factor + offset & _MASK) >> 11) + 1)) / share if share > 0 else inf
            for (factor, offset), share in members
        ]

    def bounds(self, shares: list[float], loads: list[int]) -> list[int]:
        """The most that each member may have in flight, the next request included."""
        most = _most(shares, loads)
        return [ceil(most * share) for share in shares]

    def place(self, key: int, shares: list[float], view: View) -> tuple[int, int]:
        """Who takes a request with this key, and whose it is. At least one share is above 0."""
        far = self.distances(key, shares)
        home = far.index(min(far))
        loads = [view.in_flight(d) for d in self._pool]
        most = _most(shares, loads)
        if loads[home] < ceil(most * shares[home]):
            return home, home
        below = [index for index, load in enumerate(loads) if load < ceil(most * shares[index])]
        return min(below, key=far.__getitem__), home


def _seed(name: str) -> tuple[int, int]:
    """A member's own hash of keys, of those that multiply, add and take the upper bits (Dietzfelbinger 1996)."""
    digest = blake2b(name.encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big") | 1, int.from_bytes(digest[8:], "big")


def _most(shares: list[float], loads: list[int]) -> float:
    """Requests in flight for a share of 1."""
    return BOUND * (sum(loads) + 1) / sum(shares)
