"""Requests, swaps, resets and time in any order, a clock that steps back included: what is counted in is counted out, a
breaker that is not closed lets no more requests through at a time than it is told to, a rest that was asked for is
kept, and what is remembered is what happened.
"""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Scope
from pointsman.model.rest import Allowed, BreakerSettings
from pointsman.state.breaker import State
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.record import Place, Record
from pointsman.state.results import MOST
from pointsman.state.scoreboard import Lease, Rules, Scoreboard

NAMES = ("a", "b", "c")
SESSIONS = ("s", "t")
PLACES = [provider("p", max_parallel_requests=4), provider("q")]
LEAST, HOME = 500.0, 100.0
"""Where the clock stops stepping back, and how long a home is remembered, in seconds."""

kinds = st.sampled_from(list(FailureKind))

members = st.lists(
    st.builds(
        deployment,
        st.sampled_from(NAMES),
        at=st.sampled_from(PLACES),
        rpm=st.none() | st.integers(1, 4),
        max_parallel_requests=st.none() | st.integers(1, 3),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda d: d.id,
)


class Truth:
    """What happened to one record since it began or was reset."""

    def __init__(self, record: Record) -> None:
        self.record = record  # kept, so that no other has its identity
        self.good = self.bad = 0


class Traffic(RuleBasedStateMachine):
    """The truth: ``out`` has every lease taken and not yet given back, with its verdict; ``seen`` what became of each
    record, ``homes`` where sessions were served last and when, ``promised`` until when a record or a place was asked to
    rest. ``latest`` is the highest time that the clock has shown.
    """

    @initialize(
        made=members,
        allowed=st.none() | st.integers(0, 2),
        trial=st.sampled_from([(1, 1, False), (1, 1, False), (2, 3, True)]),
    )
    def begin(self, made: list[Deployment], allowed: int | None, trial: tuple[int, int, bool]) -> None:
        self.clock = FakeClock()
        self.successes, self.places, adaptive = trial
        breaker = BreakerSettings(threshold=2, open=2.0, longest=20.0, min_calls=3, slow_start=4.0)
        self.rules = rules = Rules(
            msgspec.structs.replace(
                breaker, success_threshold=self.successes, half_open_requests=self.places, adaptive=adaptive
            ),
            CooldownSettings(3.0, 8.0, 12.0),
            DegradedSettings(threshold=2, window=30.0),
            home=HOME,
            allowed=() if allowed is None else (Allowed(allowed),),
        )
        self.board = Scoreboard(self.clock, LoadedDice([0.1, 0.9, 0.5]), rules)
        self.now = made
        self.out: list[tuple[Lease, list[bool]]] = []
        self.seen: dict[int, Truth] = {}
        self.homes: dict[str, tuple[str, float]] = {}
        self.promised: list[tuple[Record | Place, float]] = []
        self.latest = self.clock()

    def truth(self, record: Record) -> Truth:
        return self.seen.setdefault(id(record), Truth(record))

    @rule(which=st.integers(0, 5), tokens=st.integers(0, 3))
    def a_request_comes(self, which: int, tokens: int) -> None:
        board, chosen = self.board, self.now[which % len(self.now)]
        with board.lock:
            if board.fitness(chosen) is None and board.room(chosen, tokens) is None:
                self.let_through(chosen)

    @rule(tokens=st.integers(0, 3))
    def a_request_comes_when_everybody_rests(self, tokens: int) -> None:
        board = self.board
        with board.lock:
            able = [d for d in self.now if board.room(d, tokens) is None]
            chosen = board.in_need(self.now, able)
            if chosen is not None and board.fitness(chosen) is not None:
                assert not any(lease.passage for lease, _ in self.out if lease.record.deployment in self.now)
                self.let_through(chosen)

    def let_through(self, chosen: Deployment) -> None:
        lease = self.board.take(chosen)
        for whose, until in self.promised:
            assert self.latest >= until or (whose is not lease.record and whose is not lease.record.place)
        self.out.append((lease, []))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20), good=st.booleans(), kind=kinds, told=st.none() | st.floats(0, 400))
    def a_verdict(self, which: int, good: bool, kind: FailureKind, told: float | None) -> None:
        lease, verdict = self.out[which % len(self.out)]
        if verdict:
            return
        verdict.append(good)
        if good:
            took = self.board.succeeded(lease, 7, 3)
        else:
            took = self.board.failed(lease, kind, told)
            self.truth(lease.record).bad += CONSEQUENCES[kind].counts
            if told and CONSEQUENCES[kind].counts:
                wide = CONSEQUENCES[kind].scope in (Scope.KEY, Scope.PROVIDER)
                self.promised.append((lease.record.place if wide else lease.record, self.clock() + min(told, 300.0)))
        assert took == self.clock() - lease.begun

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20))
    def a_request_goes(self, which: int) -> None:
        lease, verdict = self.out.pop(which % len(self.out))
        passage = lease.passage
        whose = (lease.record.breaker, lease.record.place.breaker)  # it may have moved to another place meanwhile
        fresh = [breaker for breaker in whose if passage is not None and passage.fresh(breaker)]
        self.board.give_back(lease)
        self.truth(lease.record).good += verdict == [True]
        if verdict == [True]:
            assert all(breaker.state is not State.OPEN for breaker in fresh)
            assert self.successes > 1 or all(breaker.state is State.CLOSED for breaker in fresh)

    @rule(place=st.sampled_from(PLACES), up=st.booleans())
    def a_check(self, place: Provider, up: bool) -> None:
        known = place.name in self.board._places
        self.board.checked(place, up, 5.0)
        if known and not up:
            assert all(self.board.fitness(d) is not None for d in self.now if d.provider == place)

    @rule(session=st.sampled_from(SESSIONS), home=st.sampled_from(NAMES), good=st.booleans())
    def a_session_is_served(self, session: str, home: str, good: bool) -> None:
        if good:
            self.board.remember(session, home=home)
            self.homes[session] = home, self.clock()
        else:
            self.board.leave(session, home)
            if self.homes.get(session, ("",))[0] == home:
                del self.homes[session]

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 3.0, 10.0, 61.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.latest = max(self.latest, self.clock())

    @rule(seconds=st.sampled_from([0.5, 10.0, 400.0]))
    def the_clock_steps_back(self, seconds: float) -> None:
        self.clock.advance(-min(seconds, self.clock() - LEAST))
        self.homes = {session: (home, min(at, self.clock())) for session, (home, at) in self.homes.items()}

    @rule(made=members)
    def a_swap(self, made: list[Deployment]) -> None:
        self.now = made
        self.board.forget_all_but(made)

    @rule()
    def settled_again(self) -> None:
        """The same rules anew change nobody's state."""
        records = self.board.records().values()
        before = [(r.breaker.state, r.breaker.failures, r.cooldown.until, r.in_flight) for r in records]
        self.board.settle(self.rules)
        assert before == [(r.breaker.state, r.breaker.failures, r.cooldown.until, r.in_flight) for r in records]

    @rule(which=st.integers(0, 5))
    def somebody_knows_better(self, which: int) -> None:
        chosen = self.now[which % len(self.now)]
        record = self.board.record(chosen)
        self.board.recover(chosen)
        assert self.board.fitness(chosen) is None
        assert chosen.id not in self.board.reduced
        others = [each for each in self.promised if each[0] is not record and each[0] is not record.place]
        self.promised = others

    @rule(keep=st.booleans())
    def all_is_forgotten(self, keep: bool) -> None:
        self.board.reset(keep_breakers=keep)
        self.promised = self.promised if keep else []
        self.seen.clear()
        self.homes.clear()

    @invariant()
    def the_gauges_are_the_leases_out(self) -> None:
        counted = Counter(lease.record.deployment.id for lease, _ in self.out)
        gauges = {name: r.in_flight for name, r in self.board.records().items() if r.in_flight}
        assert gauges == counted
        shares = Counter(lease.record.deployment.provider.name for lease, _ in self.out)
        assert {name: p.in_flight for name, p in self.board._places.items() if p.in_flight} == shares

    @invariant()
    def what_was_judged_is_counted_once(self) -> None:
        for record in self.board.records().values():
            truth = self.truth(record)
            assert (record.successes, record.failures) == (truth.good, truth.bad)
            found = self.board.standing(record.deployment)
            assert len(record.results) <= min(truth.good + truth.bad, MOST)
            assert found.samples <= len(record.results)
            assert 0.0 <= found.success_rate <= 1.0

    @invariant()
    def nobody_has_more_probes_than_places(self) -> None:
        held = Counter(id(b) for lease, _ in self.out if lease.passage is not None for b in lease.passage.held)
        assert all(count <= self.places for count in held.values())
        for record in self.board.records().values():
            for breaker in (record.breaker, record.place.breaker):
                assert breaker.probing == held[id(breaker)]
                if breaker.probing == self.places and breaker.state is State.HALF_OPEN:
                    assert self.board.fitness(record.deployment) is not None

    @invariant()
    def who_is_unfit_rests(self) -> None:
        """The short way of the health stage looks at nobody who is not in ``resting``."""
        for name, record in self.board.records().items():
            for each in (record, record.place):
                if each.cooldown.until > self.latest or each.breaker.state is not State.CLOSED:
                    assert name in self.board.resting

    @invariant()
    def a_home_is_where_a_session_was_served_last(self) -> None:
        for session in SESSIONS:
            home, _ = self.homes.get(session, (None, 0.0))
            assert self.board.home(session) in (home, None)
            if home is not None and self.latest - self.homes[session][1] < HOME:
                assert self.board.home(session) == home

    @invariant()
    def nobody_is_remembered_for_nothing(self) -> None:
        assert set(self.board.records()) <= set(NAMES)
        assert set(self.board.resting) <= set(self.board.records())
        assert set(self.board.reduced) <= set(self.board.records())
        assert all(0.0 < share < 1.0 for share in self.board.reduced.values())
        assert len(self.board._homes) <= len(SESSIONS)

    def teardown(self) -> None:
        for lease, _ in getattr(self, "out", []):
            self.board.give_back(lease)
        if hasattr(self, "board"):
            assert sum(r.in_flight for r in self.board.records().values()) == 0
            assert sum(p.in_flight for p in self.board._places.values()) == 0


TestTraffic = Traffic.TestCase
