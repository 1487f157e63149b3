"""Requests, swaps, resets and time in any order, a clock that steps back included: what is counted in is counted out, a
half-open breaker has one probe, and what is remembered is what happened.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.state.breaker import BreakerSettings, State
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.record import Record
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
    record, ``homes`` where sessions were served last and when. ``latest`` is the highest time that the clock has shown.
    """

    @initialize(made=members, allowed=st.none() | st.integers(0, 2))
    def begin(self, made: list[Deployment], allowed: int | None) -> None:
        self.clock = FakeClock()
        rules = Rules(
            BreakerSettings(threshold=2, first=2.0, longest=20.0),
            CooldownSettings(allowed, 3.0, 8.0),
            DegradedSettings(threshold=2, window=30.0),
            home=HOME,
        )
        self.board = Scoreboard(self.clock, LoadedDice([0.1, 0.9, 0.5]), rules)
        self.now = made
        self.out: list[tuple[Lease, list[bool]]] = []
        self.seen: dict[int, Truth] = {}
        self.homes: dict[str, tuple[str, float]] = {}
        self.latest = self.clock()

    def truth(self, record: Record) -> Truth:
        return self.seen.setdefault(id(record), Truth(record))

    @rule(which=st.integers(0, 5), tokens=st.integers(0, 3), in_need=st.booleans())
    def a_request_comes(self, which: int, tokens: int, in_need: bool) -> None:
        chosen = self.now[which % len(self.now)]
        with self.board.lock:
            unfit = self.board.fitness(chosen, in_need=in_need)
            if unfit is not None or self.board.room(chosen, tokens) is not None:
                return
            self.out.append((self.board.take(chosen), []))

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
        assert took == self.clock() - lease.begun

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20))
    def a_request_goes(self, which: int) -> None:
        lease, verdict = self.out.pop(which % len(self.out))
        self.board.give_back(lease)
        self.truth(lease.record).good += verdict == [True]

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

    @rule(keep=st.booleans())
    def all_is_forgotten(self, keep: bool) -> None:
        self.board.reset(keep_breakers=keep)
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
    def nobody_has_two_probes(self) -> None:
        probes = Counter(lease.record.deployment.id for lease, _ in self.out if lease.probe)
        assert all(count == 1 for count in probes.values())
        for lease, _ in self.out:
            if lease.probe and lease.record.breaker.state is State.HALF_OPEN:
                assert self.board.fitness(lease.record.deployment) is not None

    @invariant()
    def who_is_unfit_rests(self) -> None:
        """The short way of the health stage looks at nobody who is not in ``resting``."""
        for name, record in self.board.records().items():
            if record.cooldown.until > self.latest or record.breaker.state is not State.CLOSED:
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
        assert set(self.board.degraded) <= set(self.board.records())
        assert len(self.board._homes) <= len(SESSIONS)

    def teardown(self) -> None:
        for lease, _ in getattr(self, "out", []):
            self.board.give_back(lease)
        if hasattr(self, "board"):
            assert sum(r.in_flight for r in self.board.records().values()) == 0
            assert sum(p.in_flight for p in self.board._places.values()) == 0


TestTraffic = Traffic.TestCase
