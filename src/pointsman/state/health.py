"""Who rests and why: deployments by what they do, and all that a provider has by what its key or its address does.

Every failure is held against the one whose failure it is: a deployment, or its provider's place. A place that rests
takes all its deployments with it, and any of their requests are its probes. ``resting`` is empty while all is well, and
that is the one thing a decision looks at then. Call under the board's lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from pointsman.model.outcome import CONSEQUENCES, FailureKind, Scope
from pointsman.model.view import Dice
from pointsman.state.breaker import Breaker, Reading, State
from pointsman.state.degraded import Degraded
from pointsman.state.keyring import Keyring
from pointsman.state.record import Lease, Passage, Place, Record
from pointsman.state.rules import Rules
from pointsman.state.slow_start import SlowStart

LIMITS = frozenset({FailureKind.RATE_LIMITED, FailureKind.QUOTA})
"""Kinds that say "not so much", which is no outage."""

SIGNS_OF_LIFE = frozenset({FailureKind.BAD_REQUEST, FailureKind.NOT_FOUND, FailureKind.CONTEXT, FailureKind.FILTERED})
"""Kinds that find fault with the request. They are held against nobody, and who says so is up."""

HALF = 0.5
"""The share of who is degraded."""

UNANSWERED = "it does not answer health checks"

Whose = Record | Place


class Failure(msgspec.Struct, frozen=True):
    """One that a lease came to, at the time ``at``. ``beyond``: more than are borne; False: borne."""

    kind: FailureKind
    at: float
    retry_after: float | None
    beyond: bool | None


class Health:
    """Of the records of one board, which it shares."""

    def __init__(self, records: Mapping[str, Record], dice: Dice, rules: Rules) -> None:
        self.resting: dict[str, Record] = {}
        self.degraded = Degraded(rules.degraded)
        self.slow_start = SlowStart()
        self._records = records
        self._dice = dice
        self._rules = rules

    # What a decision may know

    def why_not(self, record: Record | None, place: Place | None, now: float) -> str | None:
        """Why a deployment of which these are remembered may not be asked; None if it may."""
        if place is not None and (reason := _reason(place, now, f" at provider {place.provider.name}")):
            return reason
        if record is None:
            return None
        reason = _reason(record, now, "")
        if reason is None and record.breaker.state is State.CLOSED and _well(record.place, now):
            self.resting.pop(record.deployment.id, None)
        return reason

    def reduced(self, now: float) -> dict[str, float]:
        """Whose share is less than the whole, and what part of it: degraded ones and those that come back."""
        self.degraded.recover(now)
        shares = dict.fromkeys(self.degraded.until, HALF)
        for name, share in self.slow_start.shares(now):
            shares[name] = share * shares.get(name, 1.0)
        return shares

    # What becomes of a request

    def passage(self, record: Record, now: float) -> Passage | None:
        """A request is let through to somebody who may rest; None if nobody did."""
        whose = (record, record.place)
        due = [each.breaker.admits(now) for each in whose]
        need = not all(due) or any(each.cooldown.until > now for each in whose)
        breakers = {each.breaker: each.breaker.trial for each in whose if each.breaker.state is not State.CLOSED}
        if not breakers and not need:
            return None
        record.needed = record.needed or need
        return Passage(breakers, tuple(breaker for breaker in breakers if breaker.started()), need)

    def ended(self, lease: Lease, passage: Passage) -> None:
        """It is over, with a verdict or without."""
        for breaker in passage.held:
            breaker.ended()
        if passage.need:
            lease.record.needed = False

    def delivered(self, lease: Lease, now: float) -> None:
        """A success heals the deployment and its place, if it speaks of the present."""
        passage = lease.passage
        for each in (lease.record, lease.record.place):
            before = each.breaker.state
            each.breaker.succeeded(now, passage is not None and passage.fresh(each.breaker))
            self._came_back(each, before, now)
            if passage is not None and passage.need:
                each.cooldown.forgive(now)

    def lives(self, lease: Lease, passage: Passage, now: float) -> None:
        """A sign of life of somebody who rested."""
        for each in (lease.record, lease.record.place):
            before = each.breaker.state
            each.breaker.lives(now, passage.fresh(each.breaker))
            self._came_back(each, before, now)
            if passage.need:
                each.cooldown.forgive(now)

    def failed(self, lease: Lease, failure: Failure) -> None:
        """Hold a failure against whose it is. One that is borne changes nothing of who may be asked."""
        record, kind = lease.record, failure.kind
        means = CONSEQUENCES[kind]
        record.failed = failure.at
        if means.counts and kind not in LIMITS:
            self.degraded.failed(record.deployment.id, failure.at)
        if not self._rules.rests or failure.beyond is False:
            return
        at: Whose = record.place if means.scope in (Scope.KEY, Scope.PROVIDER) else record
        at.cooldown.failed(failure.at, kind, failure.retry_after, failure.beyond)
        if means.counts:
            self._strike(at.breaker, lease, failure)
            if at is not record:  # it did not get through, whose fault that may be
                record.breaker.limited(failure.at, self._dice, _holds(lease, record.breaker))
            if record.place.breaker.state is State.CLOSED and self._too_few(record, failure.at):
                record.breaker.trip(failure.at, self._dice, "too few successes")
            if means.scope is Scope.KEY:
                self._keep_out(record.place, kind)
        self._list(record, at, failure.at)

    def checked(self, place: Place, up: bool, now: float, again: float) -> None:
        """A provider was asked whether it is up. Who is not rests until it is, or for ``again`` seconds if it is not
        asked any more. Who is has come back, but for a key that was refused: the question may need none.
        """
        breaker = place.breaker
        before = breaker.state
        if up and breaker.cause in ("", UNANSWERED):
            breaker.succeeded(now, fresh=True)
            self._came_back(place, before, now)
        elif not up and self._rules.rests:
            breaker.unanswered(now, self._dice, UNANSWERED)
            breaker.not_before(now + again)
            for record in self._touched(place):
                self._list(record, place, now)

    def recover(self, record: Record, now: float) -> None:
        """Somebody who knows says that it is well. Nothing is held against it any more, nor against its place, for it
        could not be well otherwise, and it has its whole share at once.
        """
        record.allowance.reset()
        _forget_keys(record)
        for each in (record, record.place):
            each.breaker.recover(now)
            each.cooldown.reset()
        for other in self._touched(record.place):
            if _well(other, now):
                self.resting.pop(other.deployment.id, None)
        self.degraded.forget(record.deployment.id)
        self.slow_start.end(record.deployment.id)

    # Housekeeping

    def settle(self, rules: Rules) -> None:
        """Go by these rules from now on."""
        self._rules = rules
        self.degraded.settle(rules.degraded)
        if not rules.rests:
            self.reset()

    def list_if_unwell(self, record: Record, now: float) -> None:
        """For a record that is new, or at another place now."""
        if not (_well(record, now) and _well(record.place, now)):
            self.resting[record.deployment.id] = record

    def forget(self, name: str) -> None:
        self.resting.pop(name, None)
        self.degraded.forget(name)
        self.slow_start.end(name)

    def reset(self) -> None:
        """Nobody rests, is degraded or comes back."""
        for record in self._records.values():
            record.allowance.reset()
            _forget_keys(record)
            for each in (record, record.place):
                each.breaker.reset()
                each.cooldown.reset()
        self.resting.clear()
        self.degraded.clear()
        self.slow_start.since.clear()

    def _strike(self, breaker: Breaker, lease: Lease, failure: Failure) -> None:
        now, dice, probe = failure.at, self._dice, _holds(lease, breaker)
        refused = CONSEQUENCES[failure.kind].scope is Scope.KEY
        if refused or failure.kind in LIMITS:
            breaker.limited(now, dice, probe)
        else:
            breaker.failed(now, dice, probe)
        if refused:
            breaker.trip(now, dice, failure.kind.value)

    def _too_few(self, record: Record, now: float) -> bool:
        """Did too few of the last calls succeed? Looked at when one fails, so that a success costs nothing more."""
        settings = record.breaker.settings
        if not settings.rate or record.breaker.state is not State.CLOSED:
            return False
        begun = max(now - settings.window, record.breaker.since, record.place.breaker.since)
        good, bad = record.results.since(begun)
        return good + bad >= settings.min_calls and good < settings.rate * (good + bad)

    def _keep_out(self, place: Place, kind: FailureKind) -> None:
        """A key that was refused is refused until a probe is due, in need too."""
        if place.breaker.state is State.OPEN:
            place.cooldown.extend(place.breaker.until, kind, said=True)

    def _list(self, failed: Record, at: Whose, now: float) -> None:
        for record in (failed, *self._touched(at)):
            self.list_if_unwell(record, now)
            if record.breaker.state is not State.CLOSED or record.place.breaker.state is not State.CLOSED:
                self.slow_start.end(record.deployment.id)

    def _came_back(self, at: Whose, before: State, now: float) -> None:
        if before is not State.CLOSED and at.breaker.state is State.CLOSED:
            for record in self._touched(at):
                self.slow_start.begin(record.deployment.id, now, at.breaker.settings.slow_start)

    def _touched(self, at: Whose) -> Iterable[Record]:
        """Whom it concerns that somebody rests or comes back."""
        if isinstance(at, Record):
            return (at,)
        return [record for record in self._records.values() if record.place is at]


def breaker_of(record: Record, now: float) -> Reading:
    """Its own breaker, or the place's where that alone keeps it from being asked."""
    own, place = record.breaker.reading(now), record.place.breaker.reading(now)
    return place if own.state is State.CLOSED and place.state is not State.CLOSED else own


def told_to_rest(record: Record | None, place: Place | None, now: float) -> bool:
    """Was it told to rest, by whom it belongs to? All else that keeps it from being asked is a guess of ours."""
    return any(each is not None and each.cooldown.told > now for each in (record, place))


def at_limit(record: Record | None, place: Place | None, now: float) -> bool:
    """Does it rest because it was asked too much?"""
    rests = [each.cooldown for each in (record, place) if each is not None and each.cooldown.until > now]
    return any(cooldown.cause in LIMITS for cooldown in rests)


def tried(record: Record | None, place: Place | None) -> bool:
    """Is a request under way that was let through although it rests?"""
    own = record is not None and (record.needed or record.breaker.probing > 0)
    return own or (place is not None and place.breaker.probing > 0)


def ends(record: Record, now: float) -> Iterator[float]:
    """Seconds until each of its rests ends."""
    for each in (record, record.place):
        yield each.cooldown.until - now
        if each.breaker.state is State.OPEN:
            yield each.breaker.until - now


def _forget_keys(record: Record) -> None:
    """Nothing is held against any key."""
    record.keys, record.place.keys = None, Keyring()


def _holds(lease: Lease, breaker: Breaker) -> bool:
    passage = lease.passage
    return passage is not None and breaker in passage.held and passage.fresh(breaker)


def _well(at: Whose, now: float) -> bool:
    return at.breaker.state is State.CLOSED and at.cooldown.until <= now


def _reason(at: Whose, now: float, where: str) -> str | None:
    cooldown, breaker = at.cooldown, at.breaker
    if cooldown.until > now:
        cause = cooldown.cause.value if cooldown.cause is not None else "told to"
        if cooldown.keys:
            return f"all {cooldown.keys} keys rest: the first is back in {cooldown.until - now:.1f} s ({cause}{where})"
        return f"cooling down for {cooldown.until - now:.1f} s more ({cause}{where})"
    if breaker.admits(now):
        return None
    if breaker.state is State.HALF_OPEN:
        probes = f"{breaker.probing} probes are" if breaker.probing > 1 else "one probe is"
        return f"breaker half-open{where}: its {probes} under way"
    cause = breaker.cause or f"{breaker.failures} failures"
    return f"breaker open for {breaker.until - now:.1f} s more ({cause}{where})"
