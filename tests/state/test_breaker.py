"""The breaker as a table: every state meets every event, and a machine tries all the orders."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice
from pointsman.state.breaker import Breaker, BreakerSettings, State

SETTINGS = BreakerSettings(threshold=3, first=5.0, longest=60.0, jitter=0.2)
MIDDLE = LoadedDice([0.5])  # a draw of one half is no jitter at all
NOW = 1000.0
DUE = NOW + 5.0


def closed() -> Breaker:
    return Breaker(SETTINGS)


def closed_two_down() -> Breaker:
    breaker = closed()
    for _ in range(SETTINGS.threshold - 1):
        breaker.failed(NOW, MIDDLE, False)
    return breaker


def opened() -> Breaker:
    breaker = closed_two_down()
    breaker.failed(NOW, MIDDLE, False)
    return breaker


def half_open() -> Breaker:
    breaker = opened()
    assert breaker.admits(DUE)
    return breaker


def probed() -> Breaker:
    breaker = half_open()
    assert breaker.started()
    return breaker


STATES = {f.__name__: f for f in (closed, closed_two_down, opened, half_open, probed)}

EVENTS = {
    "success": lambda b: b.succeeded(False),
    "client error": lambda b: b.client_error(False),
    "failure": lambda b: b.failed(DUE, MIDDLE, False),
    "fresh success": lambda b: b.succeeded(True),
    "fresh client error": lambda b: b.client_error(True),
    "probe's failure": lambda b: b.failed(DUE, MIDDLE, True),
    "asked early": lambda b: b.admits(DUE - 0.001),
    "asked when due": lambda b: b.admits(DUE),
    "let through": lambda b: b.started(),
    "probe over": lambda b: b.probe_ended(),
    "reset": lambda b: b.reset(),
}

SHUT, OPEN, HALF = State.CLOSED, State.OPEN, State.HALF_OPEN

# state, event -> state, failures in a row, is a probe under way, what the call said
TABLE = [
    ("closed", "success", SHUT, 0, False, None),
    ("closed", "client error", SHUT, 0, False, None),
    ("closed", "failure", SHUT, 1, False, None),
    ("closed", "asked early", SHUT, 0, False, True),
    ("closed", "asked when due", SHUT, 0, False, True),
    ("closed", "let through", SHUT, 0, False, False),
    ("closed", "probe over", SHUT, 0, False, None),
    ("closed", "reset", SHUT, 0, False, None),
    ("closed_two_down", "success", SHUT, 0, False, None),
    ("closed_two_down", "client error", SHUT, 2, False, None),
    ("closed_two_down", "failure", OPEN, 3, False, None),
    ("closed_two_down", "asked early", SHUT, 2, False, True),
    ("closed_two_down", "asked when due", SHUT, 2, False, True),
    ("closed_two_down", "let through", SHUT, 2, False, False),
    ("closed_two_down", "probe over", SHUT, 2, False, None),
    ("closed_two_down", "reset", SHUT, 0, False, None),
    ("opened", "success", OPEN, 3, False, None),
    ("opened", "client error", OPEN, 3, False, None),
    ("opened", "fresh success", SHUT, 0, False, None),
    ("opened", "fresh client error", SHUT, 0, False, None),
    ("opened", "failure", OPEN, 4, False, None),
    ("opened", "asked early", OPEN, 3, False, False),
    ("opened", "asked when due", HALF, 3, False, True),
    ("opened", "let through", OPEN, 3, False, False),
    ("opened", "probe over", OPEN, 3, False, None),
    ("opened", "reset", SHUT, 0, False, None),
    ("half_open", "success", HALF, 3, False, None),
    ("half_open", "client error", HALF, 3, False, None),
    ("half_open", "fresh success", SHUT, 0, False, None),
    ("half_open", "fresh client error", SHUT, 0, False, None),
    ("half_open", "failure", HALF, 3, False, None),
    ("half_open", "asked early", HALF, 3, False, True),
    ("half_open", "asked when due", HALF, 3, False, True),
    ("half_open", "let through", HALF, 3, True, True),
    ("half_open", "probe over", HALF, 3, False, None),
    ("half_open", "reset", SHUT, 0, False, None),
    ("probed", "success", HALF, 3, True, None),
    ("probed", "client error", HALF, 3, True, None),
    ("probed", "failure", HALF, 3, True, None),
    ("probed", "fresh success", SHUT, 0, True, None),
    ("probed", "fresh client error", SHUT, 0, True, None),
    ("probed", "probe's failure", OPEN, 4, True, None),
    ("probed", "asked early", HALF, 3, True, False),
    ("probed", "asked when due", HALF, 3, True, False),
    ("probed", "let through", HALF, 3, True, False),
    ("probed", "probe over", HALF, 3, False, None),
    ("probed", "reset", SHUT, 0, True, None),
]


@pytest.mark.parametrize(("state", "event", "following", "failures", "probing", "said"), TABLE)
def test_every_state_meets_every_event(state, event, following, failures, probing, said):
    """What follows is what the table at the top of the file says, and nothing else."""
    breaker = STATES[state]()
    answer = EVENTS[event](breaker)
    found = (breaker.state, breaker.failures, breaker.probing, answer)
    assert found == (following, failures, probing, said)


def test_the_table_is_whole():
    """Every event that can happen in a state has its row."""
    shut = {"opened", "half_open", "probed"}
    since = {"fresh success": shut, "fresh client error": shut, "probe's failure": {"probed"}}
    wanted = {(s, e) for s in STATES for e in EVENTS if s in since.get(e, STATES)}
    assert wanted == {(row[0], row[1]) for row in TABLE}


def test_it_opens_for_twice_as_long_each_time_until_the_longest():
    """Each failed probe doubles the wait; the longest is the end of it."""
    breaker, now, lengths = opened(), NOW, []
    for _ in range(6):
        lengths.append(breaker.until - now)
        now = breaker.until
        assert breaker.admits(now)
        assert breaker.started()
        breaker.failed(now, MIDDLE, True)
        breaker.probe_ended()
    assert lengths == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_recovery_makes_the_next_opening_short_again():
    """After a probe that succeeded the wait starts from the first length."""
    breaker = probed()
    breaker.failed(DUE, MIDDLE, True)
    breaker.probe_ended()
    now = breaker.until
    assert breaker.admits(now)
    assert breaker.started()
    breaker.succeeded(True)
    breaker.probe_ended()
    for _ in range(SETTINGS.threshold):
        breaker.failed(now, MIDDLE, False)
    assert breaker.until - now == 5.0


@pytest.mark.parametrize(("delivers", "length"), [(False, 20.0), (True, 5.0)])
def test_a_client_error_closes_it_and_a_success_after_it_forgets_theopenings(delivers, length):
    """Who is up may still not deliver: the next opening is longer, unless something was delivered in between."""
    breaker = probed()
    breaker.failed(DUE, MIDDLE, True)
    breaker.probe_ended()
    now = breaker.until
    assert breaker.admits(now)
    assert breaker.started()
    breaker.client_error(True)
    breaker.probe_ended()
    if delivers:
        breaker.succeeded(False)
    for _ in range(SETTINGS.threshold):
        assert breaker.admits(now)
        breaker.failed(now, MIDDLE, False)
    assert breaker.until - now == length


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_its_share(draw):
    """The wait is the length plus or minus a fifth, whatever the dice say."""
    breaker = closed()
    for _ in range(SETTINGS.threshold):
        breaker.failed(NOW, LoadedDice([draw]), False)
    assert 5.0 * 0.8 <= breaker.until - NOW <= 5.0 * 1.2


def test_a_thousandopenings_overflow_nothing():
    """However long a deployment is down, the wait stays a number."""
    breaker, now = opened(), NOW
    for _ in range(1000):
        now = breaker.until
        breaker.admits(now)
        breaker.started()
        breaker.failed(now, MIDDLE, True)
        breaker.probe_ended()
    assert math.isfinite(breaker.until)


class Orders(RuleBasedStateMachine):
    """Requests come and go in any order; ``out`` are those under way, true for the probe."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.dice = LoadedDice([0.0, 0.25, 0.5, 0.75, 0.999])
        self.breaker = Breaker(SETTINGS)
        self.out: list[bool] = []

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 6.0, 30.0, 80.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def comes(self) -> None:
        if self.breaker.admits(self.clock()):
            self.out.append(self.breaker.started())

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20), verdict=st.sampled_from(["good", "bad", "client error", "none"]))
    def goes(self, which: int, verdict: str) -> None:
        probe = self.out[which % len(self.out)]
        before = self.breaker.state
        if verdict == "good":
            self.breaker.succeeded(probe)
        elif verdict == "bad":
            self.breaker.failed(self.clock(), self.dice, probe)
        elif verdict == "client error":
            self.breaker.client_error(probe)
        if before is State.HALF_OPEN and not probe:
            assert self.breaker.state is State.HALF_OPEN
        del self.out[which % len(self.out)]
        if probe:
            self.breaker.probe_ended()

    @rule()
    def all_is_forgotten(self) -> None:
        self.breaker.reset()

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        assert sum(self.out) <= 1
        assert self.breaker.probing == any(self.out)

    @invariant()
    def a_closed_one_is_below_its_threshold(self) -> None:
        if self.breaker.state is State.CLOSED:
            assert self.breaker.failures < SETTINGS.threshold

    @invariant()
    def an_open_one_has_an_end(self) -> None:
        if self.breaker.state is State.OPEN:
            assert self.breaker.until <= self.clock() + SETTINGS.longest * (1 + SETTINGS.jitter)


TestOrders = Orders.TestCase
