"""The breaker as a table: every state meets every event, and a machine tries all the orders."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice
from pointsman.model.rest import BreakerSettings
from pointsman.state.adaptive_thresholds import MOST
from pointsman.state.breaker import Breaker, Reading, State

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

# state, event -> state, failures in a row, probes under way, what the call said
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


# More than one probe, more than one success

CAREFUL = BreakerSettings(threshold=3, open=5.0, longest=60.0, jitter=0.2, success_threshold=3, half_open_requests=2)


def on_trial(successes: int = 0, probes: int = 2, settings: BreakerSettings = CAREFUL) -> Breaker:
    """Half-open, with so many successes behind it and so many probes under way."""
    breaker = Breaker(settings)
    breaker.trip(NOW, MIDDLE, "so")
    assert breaker.admits(DUE)
    for _ in range(successes):
        breaker.succeeded(DUE, True)
    for _ in range(probes):
        assert breaker.started()
    return breaker


CAREFULLY = {
    "opened": lambda: opened_of(CAREFUL),
    "none yet": on_trial,
    "two of three": lambda: on_trial(2),
}


def opened_of(settings: BreakerSettings) -> Breaker:
    breaker = Breaker(settings)
    breaker.trip(NOW, MIDDLE, "so")
    return breaker


# state, event -> state, successes so far, failures in a row
CAREFUL_TABLE = [
    ("opened", "success", OPEN, 0, 0),
    ("opened", "sign of life", OPEN, 0, 0),
    ("opened", "fresh success", HALF, 1, 0),
    ("opened", "fresh sign of life", HALF, 0, 0),
    ("opened", "failure", OPEN, 0, 1),
    ("opened", "limited probe", OPEN, 0, 0),
    ("opened", "asked when due", HALF, 0, 0),
    ("opened", "reset", SHUT, 0, 0),
    ("none yet", "success", HALF, 0, 0),
    ("none yet", "sign of life", HALF, 0, 0),
    ("none yet", "fresh success", HALF, 1, 0),
    ("none yet", "fresh sign of life", HALF, 0, 0),
    ("none yet", "failure", HALF, 0, 0),
    ("none yet", "probe's failure", OPEN, 0, 1),
    ("none yet", "limited", HALF, 0, 0),
    ("none yet", "limited probe", OPEN, 0, 0),
    ("none yet", "trip", HALF, 0, 0),
    ("none yet", "probe over", HALF, 0, 0),
    ("none yet", "reset", SHUT, 0, 0),
    ("two of three", "success", HALF, 2, 0),
    ("two of three", "sign of life", HALF, 2, 0),
    ("two of three", "fresh success", SHUT, 0, 0),
    ("two of three", "fresh sign of life", SHUT, 0, 2),
    ("two of three", "failure", HALF, 2, 0),
    ("two of three", "probe's failure", OPEN, 0, 1),
    ("two of three", "limited probe", OPEN, 0, 0),
    ("two of three", "probe over", HALF, 2, 0),
    ("two of three", "reset", SHUT, 0, 0),
]


@pytest.mark.parametrize(("state", "event", "following", "successes", "failures"), CAREFUL_TABLE)
def test_one_that_wants_three_successes_meets_events(state, event, following, successes, failures):
    """A sign of life stands in for the last success alone; any failure of the trial forgets those so far."""
    breaker = CAREFULLY[state]()
    EVENTS[event](breaker)
    assert (breaker.state, breaker.successes, breaker.failures) == (following, successes, failures)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_so_many_may_pass_at_a_time_and_a_place_given_back_is_free(most):
    """While half-open; the next one waits until one of them is over."""
    breaker = on_trial(0, 0, BreakerSettings(half_open_requests=most, success_threshold=9))
    through = 0
    while breaker.admits(DUE):
        assert breaker.started()
        through += 1
    assert (through, breaker.started()) == (most, False)
    breaker.ended()
    assert (breaker.admits(DUE), breaker.started(), breaker.admits(DUE)) == (True, True, False)


def test_successes_are_counted_over_one_trial():
    """Two, a failure, and the next trial wants three again."""
    breaker = on_trial(2, 0)
    breaker.failed(DUE, MIDDLE, True)
    now = breaker.until
    assert breaker.admits(now)
    seen = []
    for _ in range(3):
        breaker.succeeded(now, True)
        seen.append((breaker.state, breaker.successes))
    assert seen == [(HALF, 1), (HALF, 2), (SHUT, 0)]


@pytest.mark.parametrize(
    "event", ["probe's failure", "limited probe", "two successes", "reset"], ids=lambda event: event.replace(" ", "_")
)
def test_a_trial_is_over_when_it_is_decided(event):
    """What the others beside that probe come to is known to be of another trial."""
    breaker = on_trial(1)
    before = breaker.trial
    if event == "two successes":
        for _ in range(2):
            breaker.succeeded(DUE, True)
    else:
        EVENTS[event](breaker)
    assert breaker.trial == before + 1


def test_a_trial_goes_on_while_nothing_is_decided():
    """A success that is not the last, a verdict from before, and a close on parole decide nothing."""
    breaker = on_trial(1)
    before = breaker.trial
    for event in ("fresh success", "success", "failure", "limited", "fresh sign of life"):
        EVENTS[event](breaker)
    assert (breaker.state, breaker.trial) == (SHUT, before)


def test_the_time_it_is_open_can_be_fixed():
    """No growth and no jitter: the same seconds at every opening, by failures in a row as by a probe's."""
    fixed = BreakerSettings(
        open=30.0,
        longest=30.0,
        jitter=0.0,
        slow_start=0.0,
        rate=0.0,
        threshold=5,
        success_threshold=3,
        half_open_requests=2,
    )
    breaker, now, lengths = Breaker(fixed), NOW, []
    for _ in range(fixed.threshold):
        breaker.failed(now, LoadedDice([0.9]), False)
    for _ in range(40):
        assert not breaker.admits(breaker.until - 0.001)
        lengths.append(breaker.until - now)
        now = breaker.until
        assert breaker.admits(now)
        assert breaker.started()
        breaker.failed(now, LoadedDice([0.1]), True)
        breaker.ended()
    assert set(lengths) == {30.0}


def test_settings_that_change_leave_the_state():
    """New figures count from the next event on."""
    breaker = on_trial(1, 2)
    breaker.settle(BreakerSettings(half_open_requests=1))
    assert (breaker.state, breaker.successes, breaker.admits(DUE)) == (HALF, 1, False)
    breaker.ended()
    assert not breaker.admits(DUE)
    breaker.ended()
    assert breaker.admits(DUE)
    breaker.succeeded(DUE, True)
    assert breaker.state is SHUT


def test_a_reading_tells_how_it_stands():
    """The figures, with what they are measured against; one that is due is half-open."""
    breaker = opened_of(CAREFUL)
    breaker.failed(NOW, MIDDLE, False)
    assert breaker.reading(NOW) == Reading(OPEN, 1, 3, 0, 3, DUE, "so")
    assert breaker.reading(DUE).state is HALF
    breaker.succeeded(DUE, True)
    assert breaker.reading(DUE).successes == 1


def test_who_is_told_to_be_well_is_closed_as_of_now():
    """Failures before are not looked at any more, and a probe under way keeps its place and judges nothing."""
    breaker = on_trial(1, 1)
    trial = breaker.trial
    breaker.recover(DUE)
    assert breaker.reading(DUE) == Reading(SHUT, 0, 3, 0, 3, 0.0, "")
    assert (breaker.since, breaker.marked, breaker.probing, breaker.trial) == (DUE, False, 1, trial + 1)


class Orders(RuleBasedStateMachine):
    """Requests come and go in any order; ``out`` are those under way: has it a place, and of which trial. ``earliest``
    is when the opening may end, as far as it was told; ``good`` the successes since the trial began.
    """

    @initialize(successes=st.integers(1, 3), places=st.integers(1, 3), adaptive=st.booleans())
    def begin(self, successes: int, places: int, adaptive: bool) -> None:
        self.clock = FakeClock()
        self.dice = LoadedDice([0.0, 0.25, 0.5, 0.75, 0.999])
        self.settings = msgspec.structs.replace(
            SETTINGS, success_threshold=successes, half_open_requests=places, adaptive=adaptive
        )
        self.breaker = Breaker(self.settings)
        self.out: list[tuple[bool, int]] = []
        self.earliest = 0.0
        self.good = 0

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
            self.out.append((self.breaker.started(), self.breaker.trial))

    @precondition(lambda self: self.out)
    @rule(
        which=st.integers(0, 20),
        verdict=st.sampled_from(["good", "bad", "limited", "tripped", "sign of life", "none"]),
        told=st.sampled_from([0.0, 7.0, 200.0]),
    )
    def goes(self, which: int, verdict: str, told: float) -> None:
        breaker, now = self.breaker, self.clock()
        held, trial = self.out.pop(which % len(self.out))
        before, probe = breaker.state, held and trial == breaker.trial
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
        if before is State.HALF_OPEN and probe and verdict in ("bad", "limited"):
            assert breaker.state is State.OPEN
        if probe and before is not State.CLOSED:
            self.good += verdict == "good"
            enough = self.good + (verdict == "sign of life") >= self.settings.success_threshold
            assert (breaker.state is State.CLOSED) == (enough and verdict in ("good", "sign of life"))
        if held:
            breaker.ended()
        if breaker.trial != trial or breaker.state is State.CLOSED or before is State.CLOSED:
            self.good = breaker.successes
        waits = verdict in ("bad", "limited", "tripped") and breaker.state is State.OPEN
        self.earliest = max(self.earliest, now + told) if waits else self.earliest
        self.earliest = self.earliest if breaker.state is State.OPEN else 0.0

    @rule()
    def all_is_forgotten(self) -> None:
        self.breaker.reset()
        self.earliest, self.good = 0.0, 0

    @invariant()
    def no_more_have_a_place_than_there_are(self) -> None:
        assert self.breaker.probing == sum(held for held, _ in self.out) <= self.settings.half_open_requests

    @invariant()
    def successes_are_fewer_than_close_it(self) -> None:
        assert 0 <= self.breaker.successes < self.settings.success_threshold
        assert not self.breaker.successes or self.breaker.state is State.HALF_OPEN

    @invariant()
    def a_closed_one_is_below_its_threshold(self) -> None:
        if self.breaker.state is State.CLOSED:
            assert self.breaker.failures < SETTINGS.threshold * (MOST if self.settings.adaptive else 1)

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
