"""The keys of providers that have several, as the scoreboard sees them: which one a request is sent with, and what a
failure of one comes to.

A key that is refused or spent rests wherever it is used; one that had too much of a deployment, or is not good for its
model, rests there alone. A deployment rests when all of its keys do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
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

EVERYWHERE = frozenset(kind for kind in OF_KEYS if CONSEQUENCES[kind].scope is Scope.KEY)
"""Those of them for which a key rests at all deployments of its provider."""


class Counts(NamedTuple):
    """Of one key, since the start: requests sent with it, and failures that were held against it, by kind."""

    provider: str
    key: str
    sent: int
    failures: Mapping[str, int]
    rests: bool


class Keys:
    """Part of the scoreboard, under its lock. Nothing here is asked about a provider that has one key, or none."""

    def __init__(self, places: Mapping[str, Place], clock: Clock, lock: AbstractContextManager[Any]) -> None:
        self._places = places
        self._clock = clock
        self._lock = lock
        self._sent: Counter[tuple[str, str]] = Counter()
        self._failures: dict[tuple[str, str], Counter[str]] = {}

    def pick(self, record: Record, keys: Sequence[Key], *, in_turn: bool = True) -> Key:
        """The key that a request is sent with, of those of its configuration: the next in turn, or the first."""
        with self._lock:
            return self._sends(record, record.place.keys.pick(keys, self._clock(), record.keys, in_turn=in_turn))

    def another(
        self, record: Record, keys: Sequence[Key], besides: Collection[Key], *, in_turn: bool = True
    ) -> Key | None:
        """One that does not rest and is none of those; None if there is none."""
        with self._lock:
            key = record.place.keys.another(keys, self._clock(), record.keys, besides, in_turn=in_turn)
            return self._sends(record, key) if key is not None else None

    def beside(self, provider: Provider) -> Key | None:
        """The key for a question beside the traffic; None if there are not several."""
        if not provider.keys:
            return None
        with self._lock:
            place = self._places.get(provider.name)
            return place.keys.pick(provider.keys, self._clock()) if place is not None else provider.keys[0]

    def failed(self, lease: Lease, kind: FailureKind, retry_after: float | None, *, rests: bool) -> bool:
        """Hold a failure against the key that it was asked with, if keys ever rest; returned is whether it does now."""
        record, key = lease.record, lease.key
        if key is None or key not in record.deployment.provider.keys:  # another configuration has taken over
            return False
        counted = self._failures.setdefault((record.place.provider.name, key.name), Counter())
        counted[kind.value] += 1
        if not rests:
            return False
        ring = record.place.keys
        if kind not in EVERYWHERE:
            ring = record.keys = record.keys or Keyring()
        ring.failed(key, kind, self._clock(), lease.begun, record.cooldown.settings, retry_after)
        return True

    def delivered(self, lease: Lease) -> tuple[bool, bool]:
        """The key was good. Was anything held against it: everywhere, and at this deployment alone?"""
        record, key = lease.record, lease.key
        if key is None:
            return False, False
        own = record.keys is not None and record.keys.succeeded(key, lease.begun)
        return record.place.keys.succeeded(key, lease.begun), own

    def back(self, record: Record) -> float | None:
        """When it has a key again; None if one may be used, or if it has not several."""
        keys = record.deployment.provider.keys
        until = back(keys, _rings(record))[0] if keys else 0.0
        return until if until > self._clock() else None

    def settle_place(self, place: Place) -> None:
        """It rests as long as all its keys do, and no longer if that was the reason."""
        _settle(place, place.provider.keys, (place.keys,), self._clock())

    def settle(self, record: Record) -> None:
        """The same for a deployment, of which more may be known than of its provider."""
        _settle(record, record.deployment.provider.keys, _rings(record), self._clock())

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

    def _sends(self, record: Record, key: Key) -> Key:
        self._sent[record.place.provider.name, key.name] += 1
        return key


def _rings(record: Record) -> tuple[Keyring, ...]:
    return (record.place.keys,) if record.keys is None else (record.place.keys, record.keys)


def _settle(at: Record | Place, keys: Sequence[Key], rings: Sequence[Keyring], now: float) -> None:
    if at.cooldown.keys:
        at.cooldown.reset()
    until, kind = back(keys, rings) if keys else (0.0, None)
    if until > now and kind is not None:
        at.cooldown.extend(until, kind, said=True, keys=len(keys))
