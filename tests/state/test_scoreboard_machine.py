"""Requests, swaps and time in any order: what is counted in is counted out, and a half-open breaker has one probe."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.state.breaker import BreakerSettings, State
from pointsman.state.cooldown import CooldownSettings
from pointsman.state.scoreboard import Lease, Rules, Scoreboard

NAMES = ("a", "b", "c")
PLACES = [provider("p", max_parallel_requests=4), provider("q")]
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


class Traffic(RuleBasedStateMachine):
    """``out`` is the truth: every lease that was taken and not yet given back."""

    @initialize(made=members, allowed=st.none() | st.integers(0, 2))
    def begin(self, made: list[Deployment], allowed: int | None) -> None:
        self.clock = FakeClock()
        rules = Rules(BreakerSettings(threshold=2, first=2.0, longest=20.0), CooldownSettings(allowed, 3.0))
        self.board = Scoreboard(self.clock, LoadedDice([0.1, 0.9, 0.5]), rules)
        self.now = made
        self.out: list[Lease] = []
        self.judged: set[int] = set()

    @rule(which=st.integers(0, 5), tokens=st.integers(0, 3), in_need=st.booleans())
    def a_request_comes(self, which: int, tokens: int, in_need: bool) -> None:
        chosen = self.now[which % len(self.now)]
        with self.board.lock:
            unfit = self.board.fitness(chosen, in_need=in_need)
            if unfit is not None or self.board.room(chosen, tokens) is not None:
                return
            self.out.append(self.board.take(chosen))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20), good=st.booleans(), kind=kinds, told=st.none() | st.floats(0, 400))
    def a_verdict(self, which: int, good: bool, kind: FailureKind, told: float | None) -> None:
        lease = self.out[which % len(self.out)]
        if id(lease) in self.judged:
            return
        self.judged.add(id(lease))
        if good:
            self.board.succeeded(lease, 7)
        else:
            self.board.failed(lease, kind, told)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20))
    def a_request_goes(self, which: int) -> None:
        lease = self.out.pop(which % len(self.out))
        self.judged.discard(id(lease))
        self.board.give_back(lease)

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 3.0, 10.0, 61.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(made=members)
    def a_swap(self, made: list[Deployment]) -> None:
        self.now = made
        self.board.forget_all_but(made)

    @invariant()
    def the_gauges_are_the_leases_out(self) -> None:
        counted = Counter(lease.record.deployment.id for lease in self.out)
        gauges = {name: r.in_flight for name, r in self.board.records().items() if r.in_flight}
        assert gauges == counted
        shares = Counter(lease.record.deployment.provider.name for lease in self.out)
        assert {name: p.in_flight for name, p in self.board._places.items() if p.in_flight} == shares

    @invariant()
    def nobody_has_two_probes(self) -> None:
        probes = Counter(lease.record.deployment.id for lease in self.out if lease.probe)
        assert all(count == 1 for count in probes.values())
        for lease in self.out:
            if lease.probe and lease.record.breaker.state is State.HALF_OPEN:
                assert self.board.fitness(lease.record.deployment) is not None

    @invariant()
    def who_is_unfit_rests(self) -> None:
        """The short way of the health stage looks at nobody who is not in ``resting``."""
        for name, record in self.board.records().items():
            if record.cooldown.until > self.clock() or record.breaker.state is not State.CLOSED:
                assert name in self.board.resting

    @invariant()
    def nobody_is_remembered_for_nothing(self) -> None:
        assert set(self.board.records()) <= set(NAMES)
        assert set(self.board.resting) <= set(self.board.records())

    def teardown(self) -> None:
        for lease in getattr(self, "out", []):
            self.board.give_back(lease)
        if hasattr(self, "board"):
            assert sum(r.in_flight for r in self.board.records().values()) == 0
            assert sum(p.in_flight for p in self.board._places.values()) == 0


TestTraffic = Traffic.TestCase
