"""The breaker as a table: every state meets every event, and a machine tries all the orders."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice
from pointsman.model.rest import BreakerSettings
from pointsman.state.breaker import Breaker, State

SETTINGS = BreakerSettings(threshold=3, open=5.0, longest=60.0, jitter=0.2)
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
    "success": lambda b: b.succeeded(DUE, False),
    "sign of life": lambda b: b.lives(DUE, False),
    "failure": lambda b: b.failed(DUE, MIDDLE, False),
    "fresh success": lambda b: b.succeeded(DUE, True),
    "fresh sign of life": lambda b: b.lives(DUE, True),
    "probe's failure": lambda b: b.failed(DUE, MIDDLE, True),
    "limited": lambda b: b.limited(DUE, MIDDLE, False),
    "limited probe": lambda b: b.limited(DUE, MIDDLE, True),
    "trip": lambda b: b.trip(DUE, MIDDLE, "so"),
    "asked early": lambda b: b.admits(DUE - 0.001),
    "asked when due": lambda b: b.admits(DUE),
    "let through": lambda b: b.started(),
    "probe over": lambda b: b.ended(),
    "reset": lambda b: b.reset(),
}

SHUT, OPEN, HALF = State.CLOSED, State.OPEN, State.HALF_OPEN

# state, event -> state, failures in a row, is a probe under way, what the call said
TABLE = [
    ("closed", "success", SHUT, 0, False, None),
    ("closed", "sign of life", SHUT, 0, False, None),
    ("closed", "failure", SHUT, 1, False, None),
    ("closed", "asked early", SHUT, 0, False, True),
    ("closed", "asked when due", SHUT, 0, False, True),
    ("closed", "let through", SHUT, 0, False, False),
    ("closed", "probe over", SHUT, 0, False, None),
    ("closed", "limited", SHUT, 0, False, None),
    ("closed", "trip", OPEN, 0, False, None),
    ("closed", "reset", SHUT, 0, False, None),
    ("closed_two_down", "success", SHUT, 0, False, None),
    ("closed_two_down", "sign of life", SHUT, 2, False, None),
    ("closed_two_down", "failure", OPEN, 3, False, None),
    ("closed_two_down", "asked early", SHUT, 2, False, True),
    ("closed_two_down", "asked when due", SHUT, 2, False, True),
    ("closed_two_down", "let through", SHUT, 2, False, False),
    ("closed_two_down", "probe over", SHUT, 2, False, None),
    ("closed_two_down", "limited", SHUT, 2, False, None),
    ("closed_two_down", "trip", OPEN, 2, False, None),
    ("closed_two_down", "reset", SHUT, 0, False, None),
    ("opened", "success", OPEN, 3, False, None),
    ("opened", "sign of life", OPEN, 3, False, None),
    ("opened", "fresh success", SHUT, 0, False, None),
    ("opened", "fresh sign of life", SHUT, 2, False, None),
    ("opened", "failure", OPEN, 4, False, None),
    ("opened", "asked early", OPEN, 3, False, False),
    ("opened", "asked when due", HALF, 3, False, True),
    ("opened", "let through", OPEN, 3, True, True),
    ("opened", "probe over", OPEN, 3, False, None),
    ("opened", "limited", OPEN, 3, False, None),
    ("opened", "limited probe", OPEN, 3, False, None),
    ("opened", "trip", OPEN, 3, False, None),
    ("opened", "reset", SHUT, 0, False, None),
    ("half_open", "success", HALF, 3, False, None),
    ("half_open", "sign of life", HALF, 3, False, None),
    ("half_open", "fresh success", SHUT, 0, False, None),
    ("half_open", "fresh sign of life", SHUT, 2, False, None),
    ("half_open", "failure", HALF, 3, False, None),
    ("half_open", "asked early", HALF, 3, False, True),
    ("half_open", "asked when due", HALF, 3, False, True),
    ("half_open", "let through", HALF, 3, True, True),
    ("half_open", "probe over", HALF, 3, False, None),
    ("half_open", "limited", HALF, 3, False, None),
    ("half_open", "trip", HALF, 3, False, None),
    ("half_open", "reset", SHUT, 0, False, None),
    ("probed", "success", HALF, 3, True, None),
    ("probed", "sign of life", HALF, 3, True, None),
    ("probed", "failure", HALF, 3, True, None),
    ("probed", "fresh success", SHUT, 0, True, None),
    ("probed", "fresh sign of life", SHUT, 2, True, None),
    ("probed", "probe's failure", OPEN, 4, True, None),
    ("probed", "asked early", HALF, 3, True, False),
    ("probed", "asked when due", HALF, 3, True, False),
    ("probed", "let through", HALF, 3, True, False),
    ("probed", "probe over", HALF, 3, False, None),
    ("probed", "limited", HALF, 3, True, None),
    ("probed", "limited probe", OPEN, 3, True, None),
    ("probed", "trip", HALF, 3, True, None),
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
    since = {"fresh success": shut, "fresh sign of life": shut, "probe's failure": {"probed"}}
    since["limited probe"] = {"opened", "probed"}
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
        breaker.ended()
    assert lengths == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_recovery_makes_the_next_opening_short_again():
    """After a probe that succeeded the wait starts from the first length."""
    breaker = probed()
    breaker.failed(DUE, MIDDLE, True)
    breaker.ended()
    now = breaker.until
    assert breaker.admits(now)
    assert breaker.started()
    breaker.succeeded(now, True)
    breaker.ended()
    for _ in range(SETTINGS.threshold):
        breaker.failed(now, MIDDLE, False)
    assert breaker.until - now == 5.0


@pytest.mark.parametrize(("delivers", "failures", "length"), [(False, 1, 20.0), (True, 3, 5.0)])
def test_a_sign_of_life_closes_it_on_parole(delivers, failures, length):
    """Who is up may not deliver: one failure opens it again, for longer, unless something was delivered before."""
    breaker = probed()
    breaker.failed(DUE, MIDDLE, True)
    breaker.ended()
    now = breaker.until
    assert breaker.admits(now)
    assert breaker.started()
    breaker.lives(now, True)
    breaker.ended()
    if delivers:
        breaker.succeeded(now, False)
    for _ in range(failures):
        assert breaker.admits(now)
        breaker.failed(now, MIDDLE, False)
    assert (breaker.state, breaker.until - now) == (State.OPEN, length)


@pytest.mark.parametrize(("told", "length"), [(2.0, 5.0), (60.0, 60.0)])
def test_an_opening_lasts_at_least_as_long_as_was_asked_for(told, length):
    """The upstream's own word, if that is longer."""
    breaker = opened()
    breaker.not_before(NOW + told)
    assert breaker.until - NOW == length


@pytest.mark.parametrize("state", ["closed", "half_open"])
def test_one_that_is_not_open_has_no_end_to_move(state):
    """A wait that was asked for opens nothing."""
    breaker = STATES[state]()
    before = breaker.until
    breaker.not_before(NOW + 1000.0)
    assert breaker.until == before


def test_with_both_measures_at_zero_it_never_opens():
    """Failures in any number, and a rate that is too low, change nothing."""
    breaker = Breaker(BreakerSettings(threshold=0, rate=0.0))
    for _ in range(100):
        breaker.failed(NOW, MIDDLE, False)
        breaker.trip(NOW, MIDDLE, "so")
    assert (breaker.state, breaker.settings.never) == (State.CLOSED, True)


def test_with_a_threshold_of_zero_it_opens_by_the_rate_alone():
    """Failures in a row are borne."""
    breaker = Breaker(BreakerSettings(threshold=0))
    for _ in range(100):
        breaker.failed(NOW, MIDDLE, False)
    assert breaker.state is State.CLOSED
    breaker.trip(NOW, MIDDLE, "so")
    assert (breaker.state, breaker.cause) == (State.OPEN, "so")


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_its_share(draw):
    """The wait is the length plus or minus a fifth, whatever the dice say."""
    breaker = closed()
    for _ in range(SETTINGS.threshold):
        breaker.failed(NOW, LoadedDice([draw]), False)
    assert 5.0 * 0.8 <= breaker.until - NOW <= 5.0 * 1.2


def test_a_thousand_openings_overflow_nothing():
    """However long a deployment is down, the wait stays a number."""
    breaker, now = opened(), NOW
    for _ in range(1000):
        now = breaker.until
        breaker.admits(now)
        breaker.started()
        breaker.failed(now, MIDDLE, True)
        breaker.ended()
    assert math.isfinite(breaker.until)


class Orders(RuleBasedStateMachine):
    """Requests come and go in any order; ``out`` are those under way, true for the one with the one place. ``earliest``
    is when the opening may end, as far as it was told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.dice = LoadedDice([0.0, 0.25, 0.5, 0.75, 0.999])
        self.breaker = Breaker(SETTINGS)
        self.out: list[bool] = []
        self.earliest = 0.0

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 6.0, 30.0, 80.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(in_need=st.booleans())
    def comes(self, in_need: bool) -> None:
        before = self.breaker.state
        admitted = self.breaker.admits(self.clock())
        if before is State.OPEN and self.breaker.state is State.HALF_OPEN:
            assert self.clock() >= self.earliest
        if admitted or (in_need and not self.breaker.probing):
            self.out.append(self.breaker.started())

    @precondition(lambda self: self.out)
    @rule(
        which=st.integers(0, 20),
        verdict=st.sampled_from(["good", "bad", "limited", "tripped", "sign of life", "none"]),
        told=st.sampled_from([0.0, 7.0, 200.0]),
    )
    def goes(self, which: int, verdict: str, told: float) -> None:
        breaker, now = self.breaker, self.clock()
        probe = self.out.pop(which % len(self.out))
        before = breaker.state
        events: dict[str, Callable[[], None]] = {
            "good": lambda: breaker.succeeded(now, probe),
            "sign of life": lambda: breaker.lives(now, probe),
            "bad": lambda: breaker.failed(now, self.dice, probe),
            "limited": lambda: breaker.limited(now, self.dice, probe),
            "tripped": lambda: breaker.trip(now, self.dice, "so"),
        }
        if verdict in events:
            events[verdict]()
        if verdict in ("bad", "limited", "tripped"):
            breaker.not_before(now + told)
        if before is State.HALF_OPEN and not probe:
            assert breaker.state is State.HALF_OPEN
        if probe:
            breaker.ended()
            assert breaker.state is State.CLOSED or verdict not in ("good", "sign of life")
        waits = verdict in ("bad", "limited", "tripped") and breaker.state is State.OPEN
        self.earliest = max(self.earliest, now + told) if waits else self.earliest
        self.earliest = 0.0 if breaker.state is State.CLOSED else self.earliest

    @rule()
    def all_is_forgotten(self) -> None:
        self.breaker.reset()
        self.earliest = 0.0

    @invariant()
    def at_most_one_has_the_one_place(self) -> None:
        assert sum(self.out) <= 1
        assert self.breaker.probing == any(self.out)

    @invariant()
    def a_closed_one_is_below_its_threshold(self) -> None:
        if self.breaker.state is State.CLOSED:
            assert self.breaker.failures < SETTINGS.threshold

    @invariant()
    def an_open_one_has_an_end(self) -> None:
        if self.breaker.state is State.OPEN:
            longest = max(SETTINGS.longest * (1 + SETTINGS.jitter), 200.0)
            assert self.earliest <= self.breaker.until <= self.clock() + longest

    @invariant()
    def one_that_is_not_marked_has_nothing_to_forget(self) -> None:
        """A success is looked at only if it is."""
        if not self.breaker.marked:
            assert (self.breaker.state, self.breaker.failures, self.breaker.openings) == (State.CLOSED, 0, 0)


TestOrders = Orders.TestCase
