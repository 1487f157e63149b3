"""Limits a minute and at a time, in any order of requests, against a list of all that happened."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.state import limits
from pointsman.state.scoreboard import Lease, Rules, Scoreboard

STEPS = [0.0, 0.4, 0.999, 1.0, 7.5, 30.0, 59.0, 60.0, 61.0, 500.0]
LONGEST = 61.0
"""Seconds after which there is room again, if nothing else happens."""

some = st.none() | st.integers(0, 4)


class Limits(RuleBasedStateMachine):
    """``begun`` are the seconds in which requests were let through, ``used`` those in which tokens were, with how many;
    ``out`` the leases under way, and the tokens that each will turn out to have used.
    """

    @initialize(rpm=some, tpm=st.none() | st.integers(0, 30), most=some, all_there=some)
    def begin(self, rpm: int | None, tpm: int | None, most: int | None, all_there: int | None) -> None:
        self.clock = FakeClock()
        self.board = Scoreboard(self.clock, LoadedDice(), Rules(rests=False))
        place = provider("p", max_parallel_requests=all_there)
        self.one = deployment("one", at=place, rpm=rpm, tpm=tpm, max_parallel_requests=most)
        self.other = deployment("other", at=place)
        self.begun: list[int] = []
        self.used: list[tuple[int, int]] = []
        self.out: list[tuple[Lease, int]] = []

    def lately(self, second: int) -> bool:
        return int(self.clock()) - second < 60

    @property
    def requests(self) -> int:
        return sum(map(self.lately, self.begun))

    @property
    def tokens(self) -> int:
        return sum(tokens for second, tokens in self.used if self.lately(second))

    def why_full(self, tokens: int) -> bool:
        """What the limits say, by the lists."""
        one = self.one
        here = [lease for lease, _ in self.out if lease.record.deployment is one]
        return (
            (one.max_parallel_requests is not None and len(here) >= one.max_parallel_requests)
            or (one.provider.max_parallel_requests is not None and len(self.out) >= one.provider.max_parallel_requests)
            or (one.rpm is not None and self.requests >= one.rpm)
            or (one.tpm is not None and self.tokens + tokens > one.tpm)
        )

    @rule(tokens=st.integers(0, 12), really=st.integers(0, 12))
    def a_request_comes(self, tokens: int, really: int) -> None:
        with self.board.lock:
            full = self.board.room(self.one, tokens)
            assert (full is not None) == self.why_full(tokens)
            if full is None:
                self.begun.append(int(self.clock()))
                self.out.append((self.board.take(self.one), really))

    @rule()
    def a_neighbour_is_asked(self) -> None:
        with self.board.lock:
            if self.board.room(self.other, 0) is None:
                self.out.append((self.board.take(self.other), 0))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20), delivers=st.booleans())
    def a_request_ends(self, which: int, delivers: bool) -> None:
        lease, tokens = self.out.pop(which % len(self.out))
        if delivers:
            self.board.succeeded(lease, tokens)
            if lease.record.deployment is self.one:
                self.used.append((int(self.clock()), tokens))
        else:
            self.board.failed(lease, FailureKind.TIMEOUT)
        self.board.give_back(lease)

    @rule(seconds=st.sampled_from(STEPS))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(tokens=st.integers(0, 12))
    def the_wait_is_long_enough(self, tokens: int) -> None:
        """After it the minute leaves room, if nothing else happens; and it is never longer than a minute."""
        wait = self.board.wait(self.one, tokens)
        assert 0.0 <= wait <= LONGEST
        self.clock.advance(wait + 1e-6)
        if self.one.rpm != 0 and self.one.could_take(tokens):
            assert limits.within(self.board.record(self.one), self.one, tokens, self.clock()) is None

    @invariant()
    def no_minute_had_more_than_its_limit(self) -> None:
        if self.one.rpm is not None:
            assert self.requests <= self.one.rpm

    @invariant()
    def the_counts_are_those_of_the_lists(self) -> None:
        if self.one.limited:
            assert self.board.used(self.one) == (self.requests, self.tokens)

    def teardown(self) -> None:
        for lease, _ in getattr(self, "out", []):
            self.board.give_back(lease)
        if hasattr(self, "one"):
            assert (self.board.in_flight(self.one), self.board.in_flight(self.other)) == (0, 0)


TestLimits = Limits.TestCase


@pytest.mark.parametrize("limit", ["rpm", "tpm", "max_parallel_requests"])
def test_a_limit_of_zero_admits_nobody(limit):
    """Not the first either."""
    board = Scoreboard(FakeClock(), LoadedDice())
    assert board.room(deployment("one", **{limit: 0}), 1) is not None
