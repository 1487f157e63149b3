"""Whose turn it is among the keys of a provider, and which of them rest. Pure; under the board's lock.

Keys are asked one after the other, and who rests is passed over: so all have the same share of the requests, and each
comes to its limit a minute as late as can be. A key rests for as long as it is told to, or for a time that doubles with
every further failure in a row.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

import msgspec

from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Key, Secret
from pointsman.state.cooldown import LONGEST, CooldownSettings, length

REFUSED = frozenset({FailureKind.AUTH, FailureKind.FORBIDDEN})
"""Kinds that do not pass by waiting a little."""

LONG, LONGEST_GUESS = 60.0, 3600.0
"""Seconds that a key which was refused rests at first: services have refused good keys for some minutes. And the most
that one rests without being told how long, after a refusal or a spent quota.
"""

TRIAL = 10.0
"""Seconds for which others are asked rather than a key that is being tried again."""


class Rest(msgspec.Struct):
    """Of one key: when the rest began and when it is over, for what it is, how many failures in a row there were, and
    until when a request that tries the key again has it for itself.
    """

    since: float = -math.inf
    until: float = 0.0
    kind: FailureKind = FailureKind.RATE_LIMITED
    failures: int = 0
    trial: float = 0.0


class Keyring:
    """The keys of one provider, or what is known of them at one of its deployments alone: then it is another one's
    ``own``.
    """

    __slots__ = ("_rests", "_turn")

    def __init__(self) -> None:
        self._rests: dict[Secret, Rest] = {}
        self._turn = 0

    @property
    def quiet(self) -> bool:
        """Nothing is held against any key."""
        return not self._rests

    def until(self, key: Key) -> float:
        """When its rest is over; a time that has passed if it has none."""
        return _end(self._rests.get(key.secret))

    def pick(self, keys: Sequence[Key], now: float, own: Keyring | None = None, *, in_turn: bool = True) -> Key:
        """The next in turn of those that don't rest; if all do, the one that is back first. ``keys`` is not empty.
        Unless ``in_turn`` the first of them that does not rest.
        """
        if not self._rests and (own is None or own.quiet):
            if not in_turn:
                return keys[0]
            place = self._turn % len(keys)
            self._turn = place + 1
            return keys[place]
        rings = _both(self, own)
        return self.another(keys, now, own, in_turn=in_turn) or min(keys, key=lambda key: _until(rings, key))

    def another(
        self,
        keys: Sequence[Key],
        now: float,
        own: Keyring | None = None,
        besides: Collection[Key] = (),
        *,
        in_turn: bool = True,
    ) -> Key | None:
        """The next in turn (or the first) of those that don't rest and are none of ``besides``; None if there is none.
        Keys that are being tried again come last.
        """
        rings, count, begin = _both(self, own), len(keys), self._turn if in_turn else 0
        tried: Key | None = None
        for step in range(begin, begin + count):
            key = keys[step % count]
            if key in besides or _until(rings, key) > now:
                continue
            rests = [rest for ring in rings if (rest := ring.rest(key)) is not None]
            if any(rest.trial > now for rest in rests):
                tried = tried or key
                continue
            for rest in rests:
                rest.trial = now + TRIAL
            if in_turn:
                self._turn = step % count + 1
            return key
        return tried

    def rest(self, key: Key) -> Rest | None:
        """What is held against it, also when the rest is over and it has not been good since."""
        return self._rests.get(key.secret)

    def failed(
        self,
        key: Key,
        kind: FailureKind,
        now: float,
        begun: float,
        settings: CooldownSettings,
        retry_after: float | None = None,
    ) -> None:
        """It was refused, or had too much. Of requests that were ``begun`` before it rested only the first counts; a
        rest is extended, never cut short.
        """
        rest = self._rests.setdefault(key.secret, Rest())
        if begun >= rest.since:
            rest.failures += 1
            rest.since, rest.trial = now, 0.0
        until = now + _seconds(kind, rest.failures, settings, retry_after)
        if until > rest.until:
            rest.until, rest.kind = until, kind

    def succeeded(self, key: Key, begun: float) -> bool:
        """It was good, if that speaks of the time since it rested. Returns whether anything was held against it."""
        rest = self._rests.get(key.secret)
        if rest is None or begun < rest.since:
            return False
        del self._rests[key.secret]
        return True

    def settle(self, keys: Iterable[Key]) -> None:
        """Go by these keys from now on. What is known of those that stay is kept."""
        kept = {key.secret for key in keys}
        self._rests = {secret: rest for secret, rest in self._rests.items() if secret in kept}


def back(keys: Iterable[Key], rings: Sequence[Keyring]) -> tuple[float, FailureKind | None]:
    """When the first of the keys is back, and what it rests for; a time that has passed and None if it does not."""
    rests = [max(known, key=_end, default=None) for known in ([ring.rest(key) for ring in rings] for key in keys)]
    first = min(rests, key=_end)
    return _end(first), first.kind if first is not None else None


def _end(rest: Rest | None) -> float:
    return rest.until if rest is not None else 0.0


def _both(ring: Keyring, own: Keyring | None) -> tuple[Keyring, ...]:
    return (ring,) if own is None else (ring, own)


def _until(rings: Sequence[Keyring], key: Key) -> float:
    return max(ring.until(key) for ring in rings)


def _seconds(kind: FailureKind, failures: int, settings: CooldownSettings, retry_after: float | None) -> float:
    """How long a key rests after so many failures in a row."""
    refused = kind in REFUSED
    if retry_after and not refused:
        return length(settings, kind, retry_after)
    first = LONG if refused else length(settings, kind, None)
    most = LONGEST if kind is FailureKind.RATE_LIMITED else LONGEST_GUESS
    return max(first, min(first * 2.0 ** min(failures - 1, 16), most))
