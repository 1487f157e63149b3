"""The live memory that decisions read: in-flight counts, results, breakers, cooldowns, limits, turns.

One lock guards it all, held briefly and never across a wait; choosing and counting happen under the same hold. Every
``take`` is answered by exactly one ``give_back``, whatever happens in between. The clock and the dice are given.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import RLock

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.members import Column, Members
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.view import UNSEEN, Clock, Dice, Glance, Known, Standing, Turns
from pointsman.state import limits
from pointsman.state.breaker import Reading, State
from pointsman.state.budget import RetryBudget
from pointsman.state.health import SIGNS_OF_LIFE, Failure, at_limit, breaker_of, ends, told_to_rest, tried
from pointsman.state.keys import EVERYWHERE, Keys
from pointsman.state.memory import Memory
from pointsman.state.queue import Queue, Ticket
from pointsman.state.record import Lease, Place, Record
from pointsman.state.results import Result
from pointsman.state.rules import Rules
from pointsman.state.servers import Servers
from pointsman.state.sessions import Sessions

__all__ = ["Lease", "Record", "Rules", "Scoreboard"]

MOST_GROUPS = 10_000
"""Groups whose turns are remembered; one more, and all begin anew."""

NOTHING = Glance(0, 1.0, None)
"""Of whom there is no record."""

NOBODY: Mapping[str, float] = {}
"""Whose share is reduced while all is well, and who is watched while nobody does."""

TIMED_OUT = frozenset({FailureKind.TIMEOUT, FailureKind.FIRST_TOKEN_TIMEOUT, FailureKind.CONNECT_TIMEOUT})
"""Kinds whose time says something: an answer would have taken longer still."""

TOO_MUCH = TIMED_OUT | {FailureKind.OVERLOADED, FailureKind.RATE_LIMITED}
"""Kinds that may mean too many requests at a time."""


class Scoreboard:
    """Implements ``model.view.View``. All methods may be called from any thread."""

    def __init__(self, clock: Clock, dice: Dice, rules: Rules | None = None) -> None:
        self.clock = clock
        self.dice = dice
        self._rules = rules or Rules()
        self.lock = RLock()
        self.budget = RetryBudget()
        self.hedges = RetryBudget(0.05, 1)
        self.queue = Queue(self._rules.queue)
        self.servers = Servers(clock, self.lock)
        self.utilizations: Mapping[str, float] = NOBODY
        self._homes = Sessions(self._rules.home)
        self._labels = Sessions(self._rules.label)
        self._turns: dict[str, Turns] = {}
        self._memory = memory = Memory(clock, dice, self._rules, self.lock)
        self._records, self._places = memory.records, memory.places
        self.keys = Keys(memory.places, clock, self.lock)
        self._table = memory.table
        self._counts = memory.table.counts
        self._table.evidence.adaptive = self._rules.breaker.adaptive
        self.health, self.resting = memory.health, memory.health.resting
        self.record, self.enlist = memory.record, memory.enlist

    # What a decision may know (View)

    @property
    def reduced(self) -> Mapping[str, float]:
        health = self.health
        return health.reduced(self.clock()) if health.degraded.until or health.slow_start.since else NOBODY

    @property
    def degraded(self) -> Collection[str]:
        """Who had too many errors of late, by id."""
        self.health.degraded.recover(self.clock())
        return self.health.degraded.until

    def fitness(self, deployment: Deployment) -> str | None:
        return self.health.why_not(*self._memory.known(deployment), self.clock()) if self.resting else None

    def suspects(self, members: Members) -> Sequence[int]:
        resting = self.resting
        if not resting:
            return ()
        places, strangers = members.places, self._table.rows_of(members).strangers
        return sorted({*strangers, *[places[name] for name in resting if name in places]})

    def told_to_rest(self, deployment: Deployment) -> bool:
        return bool(self.resting) and told_to_rest(*self._memory.known(deployment), self.clock())

    def at_limit(self, deployment: Deployment) -> bool:
        return bool(self.resting) and at_limit(*self._memory.known(deployment), self.clock())

    def in_need(self, everybody: Iterable[Deployment], able: Sequence[Deployment]) -> Deployment | None:
        if any(tried(*self._memory.known(deployment)) for deployment in everybody):
            return None
        return min((d for d in able if not self.told_to_rest(d)), key=self._failed, default=None)

    def room(self, deployment: Deployment, tokens: int) -> str | None:
        record = self.record(deployment)
        return limits.beside(record, deployment) or limits.within(record, deployment, tokens, self.clock())

    @property
    def active(self) -> int:
        """Requests under way, at all providers. Read where a retry is considered, not for each request."""
        return sum(place.in_flight for place in self._places.values())

    def failing(self, deployment: Deployment) -> bool:
        """Did it fail when it was asked last, or does it rest?"""
        record, place = self._memory.known(deployment)
        marked = any(each is not None and each.breaker.failures > 0 for each in (record, place))
        return marked or self.fitness(deployment) is not None

    def crowded(self, deployment: Deployment, tokens: int) -> bool:
        record = self.record(deployment)
        busy = record.in_flight > 0 or record.place.in_flight > 0  # else there is nobody to wait for
        if not busy or limits.beside(record, deployment) is None:
            return False
        return limits.within(record, deployment, tokens, self.clock()) is None and self.fitness(deployment) is None

    def quiet(self, deployment: Deployment) -> float:
        """Seconds since it last failed."""
        return self.clock() - self._failed(deployment)

    def in_flight(self, deployment: Deployment) -> int:
        record = self._records.get(deployment.id)
        return record.in_flight if record is not None else 0

    def load(self, deployment: Deployment) -> int:
        record, others = self._records.get(deployment.id), self.servers.others
        own = record.in_flight if record is not None else 0
        return own + (others.get(deployment.provider.name) or 0) if others.said else own

    def sent_to(self, provider: Provider) -> int:
        """Requests in flight at any of a provider's deployments."""
        place = self._places.get(provider.name)
        return place.in_flight if place is not None else 0

    def turns(self, group: str) -> Turns:
        turns = self._turns.get(group)
        if turns is None:
            if len(self._turns) >= MOST_GROUPS:
                self._turns.clear()
            turns = self._turns[group] = Turns(last="" if self._rules.in_order else None)
        return turns

    def standing(self, deployment: Deployment) -> Standing:
        record = self._records.get(deployment.id)
        if record is None:
            return UNSEEN
        with self.lock:
            return record.results.standing(self.clock())

    def standings(self, pool: Iterable[Deployment]) -> list[Standing]:
        records = [self._records.get(deployment.id) for deployment in pool]
        with self.lock:
            now = self.clock()
            return [UNSEEN if record is None else record.results.standing(now) for record in records]

    def glance(self, deployment: Deployment) -> Glance:
        record = self._records.get(deployment.id)
        return NOTHING if record is None else record.results.glance(self.clock())

    def results_of(self, members: Members, names: tuple[str, ...]) -> tuple[Column, ...]:
        return self._table.results_of(members, names, self.clock())

    def in_flight_of(self, members: Members) -> Column:
        return self._table.in_flight_of(members)

    def loads_of(self, members: Members) -> Column:
        if self.servers.others.said:
            return members.column(map(self.load, members.pool))
        return self._table.in_flight_of(members)

    def used(self, deployment: Deployment) -> tuple[int, int]:
        record, now = self._records.get(deployment.id) or self.record(deployment), self.clock()
        record.counted = True  # who is asked about is counted from now on
        return record.requests.advance(now), record.tokens.advance(now)

    def minutes_of(self, members: Members) -> tuple[Column, Column]:
        table = self._table
        rows = table.rows_of(members)
        if not rows.counted:
            for deployment in members.pool:
                self.record(deployment).counted = True
            rows = table.rows_of(members)
            rows.counted = True
        return table.minutes_of(members, self.clock())

    def evidence_of(self, task: str, members: Members) -> Known | None:
        return self._table.evidence_of(task, members, self.clock())

    def served(self, deployment: Deployment) -> bool:
        record = self._records.get(deployment.id)
        return record is not None and self.clock() - record.served < self._rules.idle_reset

    def warm(self, deployment: Deployment) -> bool | None:
        if self.served(deployment):
            return True
        loaded = self.servers.loaded.get(deployment.provider.name)
        return loaded.has(deployment.model) if loaded is not None else None

    def home(self, session: str) -> str | None:
        return self._homes.get(session, self.clock())

    def label(self, session: str) -> str | None:
        return self._labels.get(session, self.clock())

    def wait(self, deployment: Deployment, tokens: int = 0) -> float:
        record = self.record(deployment)
        now = self.clock()
        return max(0.0, *ends(record, now), limits.until(record, deployment, tokens, now))

    def measured(self, utilizations: Mapping[str, float]) -> None:
        """How busy deployments (by id) are now, 0..1; the mapping is not changed afterwards."""
        self.utilizations = utilizations

    # What an attempt does

    def take(self, deployment: Deployment, group: str | None = None) -> Lease:
        """Count a request in, as a turn of ``group``. Call under ``lock``, in the same hold as the choice."""
        record, now = self.record(deployment), self.clock()
        self._counts.under_way[record.row] += 1
        record.place.in_flight += 1
        if record.counted:
            record.requests.add(now, 1)
        if self._turns and group is not None:
            self._take_turn(deployment, group)
        if deployment.id not in self.resting:
            return Lease(record, now)
        return Lease(record, now, self.health.passage(record, now))

    def give_back(self, lease: Lease) -> None:
        """Count it out again, and its success if it delivered. Called once for each ``take``, in a ``finally``."""
        record, result, passage = lease.record, lease.result, lease.passage
        with self.lock:
            self._counts.under_way[record.row] -= 1
            record.place.in_flight -= 1
            if result is not None:
                record.successes += 1
                record.served = result.ended
                record.results.add(result)
                if not record.marked:
                    self._table.mark(record)
                if record.breaker.marked or record.place.breaker.marked or passage is not None:
                    self.health.delivered(lease, result.ended)
                if record.counted and lease.tokens:
                    record.tokens.add(result.ended, lease.tokens)
                if record.limit is not None:
                    record.limit.delivered(record.in_flight + 1, lease.first_token)
            if passage is not None:
                self.health.ended(lease, passage)
            if self.queue.tickets:
                self._hand_on(record)

    def note(self, record: Record) -> Lease:
        """A lease for a result of which no choice is known: it takes a place until it is given back, and no turn. It
        counts as a trial if the deployment is on trial. Call under ``lock``.
        """
        now = self.clock()
        self._counts.under_way[record.row] += 1
        record.place.in_flight += 1
        passage = None
        if record.deployment.id in self.resting:
            record.breaker.admits(now)
            if record.breaker.state is State.HALF_OPEN:
                passage = self.health.passage(record, now)
        return Lease(record, now, passage)

    # Waiting for room (flow/line.py)

    def release(self, ticket: Ticket) -> Record | None:
        """Free what was kept for the ticket; whose it was. Call under ``lock``, like the next two."""
        kept: Record | None = ticket.kept
        if kept is not None:
            ticket.kept = None
            self._counts.under_way[kept.row] -= 1
            kept.place.in_flight -= 1
        return kept

    def leave_line(self, ticket: Ticket, *, served: bool) -> None:
        """The ticket's request waits no longer."""
        kept = self.release(ticket)
        self.queue.leave(ticket, served=served, now=self.clock())
        if kept is not None:
            self._hand_on(kept)

    def look_again(self, ticket: Ticket, most: float) -> float:
        """Seconds after which room may have come by itself: when a minute or a rest is over, ``most`` at the latest."""
        with self.lock:
            records = [record for name in ticket.wanted if (record := self._records.get(name)) is not None]
            waits = [self.wait(record.deployment, ticket.tokens) for record in records]
        return min([most, *(wait for wait in waits if wait > 0.0)])

    def pass_on(self, kept: Record, ticket: Ticket) -> None:
        """What was kept for the ticket, if its request took another place, goes to the next in line."""
        self._hand_on(kept, besides=ticket)

    def expected_wait(self, wanted: Iterable[str], priority: int) -> float:
        """Seconds until a newcomer would get room, as far as can be known: 0 where nothing is."""
        records = [record for name in wanted if (record := self._records.get(name)) is not None]
        now = self.clock()
        known = [seconds for record in records if (seconds := record.results.standing(now).latency) is not None]
        if not known:
            return 0.0
        ahead = self.queue.before(wanted, priority, now)
        return (ahead + 1) * max(known) / max(sum(record.in_flight for record in records), 1)

    def _hand_on(self, record: Record, besides: Ticket | None = None) -> None:
        """Room at ``record``, or at others of its provider, goes to the first in line whom it suits, while there is."""

        def suits(ticket: Ticket) -> Record | None:
            return self._opening(ticket, record) if ticket is not besides else None

        while (found := self.queue.first(suits, self.clock())) is not None:
            ticket, other = found
            self._counts.under_way[other.row] += 1
            other.place.in_flight += 1
            ticket.kept = other
            if ticket.wake is not None:
                ticket.wake()

    def _opening(self, ticket: Ticket, record: Record) -> Record | None:
        for name in ticket.wanted:
            other = self._records.get(name)
            near = other is not None and (other is record or other.place is record.place)
            if other is not None and near and self._admits(other, ticket.tokens):
                return other
        return None

    def _admits(self, record: Record, tokens: int) -> bool:
        return self.fitness(record.deployment) is None and self.room(record.deployment, tokens) is None

    # What came of an attempt

    def began(self, lease: Lease) -> None:
        """A stream's first content has come. Who rested is up again then: nobody shall have to wait for its end."""
        if lease.passage is not None:
            with self.lock:
                self.health.lives(lease, lease.passage, self.clock())

    def succeeded(self, lease: Lease, tokens: int, completion: int = 0) -> float:
        """It has delivered, and used so many tokens, ``completion`` of them for the answer. Counted when the lease is
        given back. Returns the seconds it took.
        """
        now = self.clock()
        seconds = now - lease.begun
        lease.tokens = tokens
        lease.result = Result(now, seconds, lease.first_token, completion)
        return seconds

    def failed(self, lease: Lease, kind: FailureKind, retry_after: float | None = None) -> float:
        """Hold a failure against the deployment, if its kind counts. ``retry_after`` is seconds; so is what is
        returned, how long it took.
        """
        record, now = lease.record, self.clock()
        seconds, counts = now - lease.begun, CONSEQUENCES[kind].counts
        with self.lock:
            beyond = record.allowance.beyond(now, kind, retry_after)
            if counts:
                waited = seconds if kind in TIMED_OUT else None
                self._count_failure(record, kind, Result(now, waited, delivered=False, borne=beyond is False))
            if counts or beyond:
                self.health.failed(lease, Failure(kind, now, retry_after, beyond))
            elif kind in SIGNS_OF_LIFE and lease.passage is not None:
                self.health.lives(lease, lease.passage, now)
        return seconds

    def key_failed(self, lease: Lease, kind: FailureKind, retry_after: float | None = None) -> float | None:
        """Hold a failure against the key that the lease was asked with, and against the deployment only if no key is
        left: returned is in how many seconds the first is back. None: another one may be asked.
        """
        record, now = lease.record, self.clock()
        with self.lock:
            if not self.keys.failed(lease, kind, retry_after, rests=self._rules.rests):
                return None
            self._settle_keys(self._at(record.place) if kind in EVERYWHERE else (record,))
            back = self.keys.back(record)
            if back is None:
                return None
            record.failed = now
            self._count_failure(record, kind, Result(now, None, delivered=False))
        return back - now

    def key_delivered(self, lease: Lease) -> None:
        """The key that the lease was asked with was good: it rests no more, and nobody does because it rested."""
        record = lease.record
        if record.place.keys.quiet and (record.keys is None or record.keys.quiet):
            return
        with self.lock:
            everywhere, here = self.keys.delivered(lease)
            if everywhere or here:
                self._settle_keys(self._at(record.place) if everywhere else (record,))

    def _at(self, place: Place) -> list[Record]:
        return [record for record in self._records.values() if record.place is place]

    def _settle_keys(self, records: Iterable[Record]) -> None:
        """Who of them has no key left rests until there is one again; who has one does not rest for that any more."""
        now, places = self.clock(), set[str]()
        for record in records:
            if record.place.provider.name not in places:
                places.add(record.place.provider.name)
                self.keys.settle_place(record.place)
            if record.keys is not None or record.cooldown.keys:
                self.keys.settle(record)
            if record.cooldown.keys or record.place.cooldown.keys:
                self.health.list_if_unwell(record, now)

    def _count_failure(self, record: Record, kind: FailureKind, result: Result) -> None:
        record.failures += 1
        if record.limit is not None and kind in TOO_MUCH:
            record.limit.overloaded(result.ended)
        record.results.add(result)
        self._table.mark(record)

    def learned(self, task: str, record: Record, good: bool, at: float) -> None:
        """A task of one kind went well there at that time, or did not. Call under ``lock``, like the next one."""
        evidence = self._table.evidence
        evidence.add(task, record.row, 1.0 if good else 0.0, 0.0 if good else 1.0, at)

    def know(self, task: str, record: Record, good: float, bad: float, at: float) -> None:
        """So many went well there, and so many did not, older ones weighing less; they came to so many at that time."""
        self._table.evidence.add(task, record.row, good, bad, at)

    def evidence(self, deployment: Deployment) -> dict[str, tuple[float, float, float]]:
        """How many tasks of each kind went well there and how many did not, older ones weighing less; at what time they
        would come to so many.
        """
        with self.lock:
            return self._table.evidence.row(self.record(deployment).row)

    def breaker_time(self, deployment: Deployment) -> float:
        """Seconds that its breaker is open for at first."""
        return self._rules.breaker_of(deployment).open

    def restore(self, deployment: Deployment, good: int, bad: int, results: Iterable[Result]) -> None:
        """Go on from what was counted elsewhere."""
        with self.lock:
            record = self.record(deployment)
            record.successes, record.failures = good, bad
            for result in results:
                record.results.add(result)
                if result.delivered:
                    record.served = result.ended
            self._table.mark(record)
            self.health.list_if_unwell(record, self.clock())

    def garbled(self, lease: Lease, frames: int) -> None:
        """So many frames of its stream made no sense: an error, if not one that opens a breaker, for the rest came."""
        with self.lock:
            lease.record.malformed += frames
            self.health.degraded.failed(lease.record.deployment.id, self.clock())

    def checked(self, provider: Provider, up: bool, again: float) -> None:
        """It was asked whether it is up, and will be asked again within so many seconds."""
        with self.lock:
            place = self._places.get(provider.name)
            if place is not None and place.provider == provider:
                self.health.checked(place, up, self.clock(), again)

    def remember(self, session: str, *, home: str | None = None, label: str | None = None) -> None:
        """A request of the session was delivered: by the deployment ``home``, and it was about ``label``."""
        now = self.clock()
        with self.lock:
            if home is not None:
                self._homes.tell(session, home, now)
            if label is not None:
                self._labels.tell(session, label, now)

    def leave(self, session: str, home: str) -> None:
        """The deployment failed the session: if it is its home, the session has none any more."""
        with self.lock:
            self._homes.drop(session, home)

    # Housekeeping

    def records(self) -> Mapping[str, Record]:
        return self._records

    def forget_all_but(self, deployments: Iterable[Deployment], rules: Rules | None = None) -> None:
        """Go by these deployments and rules from now on. What is remembered of others is dropped, unless they still
        serve somebody.
        """
        with self.lock:
            self._go_by(rules or self._rules)
            known = {d.id: d for d in deployments}
            self._memory.go_by(known, self._rules)
            self._turns.clear()
            self.keys.forget_all_but(known.values())
            if self._rules.rests:
                self._settle_keys(self._records.values())
            self.servers.forget_all_but(deployment.provider for deployment in known.values())

    def settle(self, rules: Rules) -> None:
        """Go by these rules from now on. All that is remembered stays, who rests too."""
        with self.lock:
            self._go_by(rules)
            self._memory.settle(rules)

    def recover(self, deployment: Deployment) -> None:
        """Somebody who knows says that it is well: it is asked like any other from now on."""
        with self.lock:
            record = self._records.get(deployment.id)
            if record is not None:
                self.health.recover(record, self.clock())

    def breaker_of(self, deployment: Deployment) -> Reading:
        """How its circuit breaker stands, or its provider's where that alone keeps it from being asked."""
        with self.lock:
            return breaker_of(self.record(deployment), self.clock())

    def forget(self, deployment: Deployment) -> None:
        """Remember nothing of it any more. What it has under way is not given back."""
        with self.lock:
            record = self._records.get(deployment.id)
            for ticket in self.queue.tickets:
                if record is not None and ticket.kept is record:
                    self.release(ticket)
            self._memory.forget(deployment)

    def reset(self, *, keep_breakers: bool = False) -> None:
        """Forget results, counts, turns and sessions, and unless told otherwise who rests or is degraded. What is under
        way goes on, and limits go on counting: they were promised to somebody.
        """
        with self.lock:
            for record in self._records.values():
                record.results.clear()
                self._table.mark(record)
                record.successes = record.failures = 0
                record.served = -math.inf
            if not keep_breakers:
                self.health.reset()
            self._table.evidence.clear()
            self._turns.clear()
            self._homes.clear()
            self._labels.clear()

    def _go_by(self, rules: Rules) -> None:
        self._rules = rules
        self.queue.settings = rules.queue
        self._homes.seconds, self._labels.seconds = rules.home, rules.label
        self._table.evidence.adaptive = rules.breaker.adaptive

    def _failed(self, deployment: Deployment) -> float:
        """When it failed last."""
        record = self._records.get(deployment.id)
        return record.failed if record is not None else -math.inf

    def _take_turn(self, deployment: Deployment, group: str) -> None:
        turns = self._turns.get(group)
        if turns is not None:
            turns.floor = max(turns.at.get(deployment.id, turns.floor), turns.floor)
            share = self.reduced.get(deployment.id, 1.0)
            turns.last = deployment.id
            turns.at[deployment.id] = turns.floor + 1.0 / (share * (deployment.weight or 1.0))
