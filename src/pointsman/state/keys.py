"""The keys of providers that have several, as the scoreboard sees them: which one a request is sent with, and what a
failure of one comes to.

A key that is refused or spent rests wherever it is used; one that had too much of a deployment, or is not good for its
model, rests there alone. A deployment rests when all of its keys do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Scope
from pointsman.model.secret import Key
from pointsman.model.view import Clock
from pointsman.state.keyring import Keyring, back
from pointsman.state.record import Lease, Place, Record

OF_KEYS = frozenset({FailureKind.RATE_LIMITED, FailureKind.QUOTA, FailureKind.AUTH, FailureKind.FORBIDDEN})
"""Kinds that another key may not meet."""


class Counts(NamedTuple):
    """Of one key, since the start: requests sent with it, and failures that were held against it, by kind."""

    provider: str
    key: str
    sent: int
    failures: Mapping[str, int]
    rests: bool


class Spent(NamedTuple):
    """All keys rest until then, ``at`` the provider or the deployment."""

    at: Record | Place
    until: float


class Keys:
    """Part of the scoreboard, under its lock. Nothing here is asked about a provider that has one key, or none."""

    def __init__(self, places: Mapping[str, Place], clock: Clock, lock: AbstractContextManager[Any]) -> None:
        self._places = places
        self._clock = clock
        self._lock = lock
        self._sent: Counter[tuple[str, str]] = Counter()
        self._failures: dict[tuple[str, str], Counter[str]] = {}

    def pick(self, record: Record, provider: Provider) -> Key:
        """The key that a request is sent to ``provider`` with, which is the record's own or was before a swap."""
        with self._lock:
            return self._sends(provider, record.place.keys.pick(provider.keys, self._clock(), record.keys))

    def another(self, record: Record, provider: Provider, besides: Collection[Key]) -> Key | None:
        """One that does not rest and is none of those; None if there is none."""
        with self._lock:
            key = record.place.keys.another(provider.keys, self._clock(), record.keys, besides)
            return self._sends(provider, key) if key is not None else None

    def beside(self, provider: Provider) -> Key | None:
        """The key for a question beside the traffic; None if there are not several."""
        if not provider.keys:
            return None
        with self._lock:
            place = self._places.get(provider.name)
            return place.keys.pick(provider.keys, self._clock()) if place is not None else provider.keys[0]

    def failed(self, lease: Lease, kind: FailureKind, retry_after: float | None, *, rests: bool) -> Spent | None:
        """Hold a failure against the key that it was asked with, if keys ever rest. None if another may be asked."""
        record, key, now = lease.record, lease.key, self._clock()
        keys = record.deployment.provider.keys
        if key is None or key not in keys:  # another configuration has taken over
            return None
        counted = self._failures.setdefault((record.place.provider.name, key.name), Counter())
        counted[kind.value] += 1
        if not rests:
            return None
        ring = record.place.keys
        if CONSEQUENCES[kind].scope is not Scope.KEY:
            ring = record.keys = record.keys or Keyring()
        ring.failed(key, kind, now, lease.begun, record.cooldown.settings, retry_after)
        everywhere = back(keys, (record.place.keys,))
        here = back(keys, (record.place.keys, *((record.keys,) if record.keys is not None else ())))
        if everywhere > now:
            return Spent(record.place, everywhere)
        return Spent(record, here) if here > now else None

    def delivered(self, lease: Lease) -> None:
        """The key was good: it rests no more, and nobody does because all of them rested."""
        record, key = lease.record, lease.key
        if key is None or (record.place.keys.quiet and (record.keys is None or record.keys.quiet)):
            return
        now = self._clock()
        with self._lock:
            rings = [ring for ring in (record.place.keys, record.keys) if ring is not None]
            cleared = [ring.succeeded(key, lease.begun) for ring in rings]
            if any(cleared) and back((key,), rings) <= now:
                for each in (record, record.place):
                    if each.cooldown.keys:
                        each.cooldown.reset()

    def counts(self) -> Iterator[Counts]:
        """Of every key that there is now, where there are several. Call under the lock."""
        now = self._clock()
        for place in self._places.values():
            name = place.provider.name
            for key in place.provider.keys:
                at = (name, key.name)
                yield Counts(name, key.name, self._sent[at], self._failures.get(at, {}), place.keys.until(key) > now)

    def forget_all_but(self, deployments: Collection[Deployment]) -> None:
        """Count for these from now on."""
        known = {(d.provider.name, key.name) for d in deployments for key in d.provider.keys}
        self._sent = Counter({at: number for at, number in self._sent.items() if at in known})
        self._failures = {at: counted for at, counted in self._failures.items() if at in known}

    def _sends(self, provider: Provider, key: Key) -> Key:
        self._sent[provider.name, key.name] += 1
        return key
