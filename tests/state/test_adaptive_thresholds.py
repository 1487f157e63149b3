"""Thresholds that follow the usual error rate: what they come to, and whom they spare and catch."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.model.rest import BreakerSettings
from pointsman.state.adaptive_thresholds import (
    BAND,
    FEWEST_RESULTS,
    HALF_LIFE,
    LEAST,
    MOST,
    MOST_RESULTS,
    NOMINAL,
    PRIOR,
    ErrorRate,
    failures_in_a_row,
    results_that_tell,
)
from pointsman.state.breaker import Breaker, State
from pointsman.state.scoreboard import Rules, Scoreboard

MIDDLE = LoadedDice([0.5])
PLAIN = BreakerSettings(threshold=5, rate=0.0)
ADAPTIVE = BreakerSettings(threshold=5, rate=0.0, adaptive=True)

rates = st.floats(0.0, 1.0)
thresholds = st.integers(1, 50)


# Failures in a row


@given(thresholds)
def test_at_the_nominal_rate_it_is_what_is_configured(threshold):
    """Whatever that is."""
    assert failures_in_a_row(threshold, NOMINAL) == threshold


@given(thresholds, rates, rates)
def test_who_fails_more_is_given_no_fewer(threshold, one, other):
    """It only grows with the rate."""
    low, high = sorted((one, other))
    assert failures_in_a_row(threshold, low) <= failures_in_a_row(threshold, high)


@given(thresholds, rates)
def test_it_stays_within_its_bounds(threshold, rate):
    """Half and four times, but never one where more were asked for."""
    least = min(threshold, max(LEAST, threshold // 2))
    assert least <= failures_in_a_row(threshold, rate) <= MOST * threshold


@given(thresholds, st.floats(0.001, 0.999))
def test_it_is_the_smallest_number_that_is_as_surprising(threshold, rate):
    """By the definition: its probability, and that of one less, against that of the threshold at the nominal rate."""
    found = failures_in_a_row(threshold, rate)
    bounds = (min(threshold, max(LEAST, threshold // 2)), MOST * threshold)
    surprise = threshold * math.log(NOMINAL)
    if found < bounds[1]:
        assert found * math.log(rate) <= surprise + 1e-6
    if found > bounds[0]:
        assert (found - 1) * math.log(rate) > surprise - 1e-6


# The usual rate


def test_nothing_known_is_the_nominal_rate():
    """Exactly."""
    assert ErrorRate().at(1000.0) == NOMINAL


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 1.0])
def test_it_comes_to_what_is_observed(share):
    """Results beside those that are assumed."""
    rate, results = ErrorRate(), 2000
    rate.add(5.0, round(results * (1 - share)), round(results * share))
    assert rate.at(5.0) == pytest.approx((results * share + NOMINAL * PRIOR) / (results + PRIOR))


def test_results_weigh_half_after_a_while_and_nothing_in_the_end():
    """What is not heard of any more is not known any more."""
    rate = ErrorRate()
    rate.add(0.0, 0, 100)
    assert rate.at(HALF_LIFE) == pytest.approx((50 + NOMINAL * PRIOR) / (50 + PRIOR))
    assert rate.at(100 * HALF_LIFE) == pytest.approx(NOMINAL)


@given(st.lists(st.tuples(st.floats(-50.0, 5000.0), st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_it_is_a_rate_whatever_the_clock_does(events):
    """Steps back included."""
    rate, now = ErrorRate(), 1000.0
    for seconds, delivered, failed in events:
        now += seconds
        rate.add(now, delivered, failed)
        assert 0.0 <= rate.at(now) <= 1.0


# How many results tell


@given(st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_the_less_certain_the_outcome_the_more_results_it_takes(one, other):
    """Up to a rate of one half, and as much beyond it; within bounds."""
    low, high = sorted((one, other))
    assert FEWEST_RESULTS <= results_that_tell(low) <= results_that_tell(high) <= MOST_RESULTS
    assert abs(results_that_tell(1.0 - high) - results_that_tell(high)) <= 1  # 1 - high is not exact


@pytest.mark.parametrize(("rate", "results"), [(0.0, 3), (0.05, 5), (0.1, 9), (0.3, 21), (0.5, 25), (1.0, 3)])
def test_so_many_results_know_a_rate_to_within_the_band(rate, results):
    """The deviation of a share of so many."""
    assert results_that_tell(rate) == results
    assert math.sqrt(rate * (1 - rate) / results) <= BAND + 1e-9


# In a breaker


def openings(settings: BreakerSettings, failing: float, dice: Random, seconds: float = 1.0) -> int:
    """How often a deployment that fails so often as a matter of course is cut off, in 10,000 results."""
    breaker, now, count = Breaker(settings), 0.0, 0
    for _ in range(10_000):
        now += seconds
        if not breaker.admits(now):
            now = breaker.until
            assert breaker.admits(now)
        before, held = breaker.state, breaker.started()
        if dice.random() < failing:
            breaker.failed(now, MIDDLE, held)
        else:
            breaker.succeeded(now, held)
        if held:
            breaker.ended()
        count += (before, breaker.state) == (State.CLOSED, State.OPEN)
    return count


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seconds", [0.1, 1.0, 10.0])
def test_who_fails_a_third_of_the_time_is_not_cut_off_by_chance(seed, seconds):
    """A threshold that does not follow does so again and again."""
    assert openings(ADAPTIVE, 0.3, Random(seed), seconds) <= 1
    assert openings(PLAIN, 0.3, Random(seed), seconds) >= 10


def served(settings: BreakerSettings, results: int, failing: int = 0) -> Breaker:
    """One that delivered so often, a second apart, every ``failing``-th time after a failure (0: never)."""
    breaker = Breaker(settings)
    for second in range(results):
        if failing and second % failing == 0:
            breaker.failed(float(second), MIDDLE, False)
        breaker.succeeded(float(second), False)
    return breaker


def until_open(breaker: Breaker, now: float) -> int:
    """How many failures in a row it takes."""
    count = 0
    while breaker.state is State.CLOSED:
        breaker.failed(now, MIDDLE, False)
        count += 1
    return count


@pytest.mark.parametrize(("results", "failures"), [(0, 5), (5, 5), (20, 4), (100, 3), (1000, 3)])
def test_who_never_failed_is_cut_off_sooner_when_it_dies(results, failures):
    """The better it is known the sooner."""
    assert until_open(served(ADAPTIVE, results), float(results)) == failures
    assert until_open(served(PLAIN, results), float(results)) == 5


def test_after_a_long_silence_it_is_what_is_configured():
    """Nothing is known any more."""
    assert until_open(served(ADAPTIVE, 1000), 1000.0 + 20 * HALF_LIFE) == 5


def test_an_outage_is_no_matter_of_course():
    """Failures that opened it, and those of its probes, make it no more lenient."""
    breaker = served(ADAPTIVE, 300)
    before, now = breaker.threshold(300.0), 300.0
    until_open(breaker, now)
    for _ in range(10):
        now = breaker.until
        assert breaker.admits(now)
        assert breaker.started()
        breaker.failed(now, MIDDLE, True)
        breaker.ended()
    breaker.succeeded(now, True)
    assert (breaker.state, before, breaker.threshold(300.0)) == (State.CLOSED, 3, 3)


def test_failures_in_a_row_are_measured_against_what_was_before_them():
    """The row under way does not make itself more likely."""
    breaker = served(ADAPTIVE, 100)
    seen = []
    for _ in range(2):
        breaker.failed(100.0, MIDDLE, False)
        seen.append(breaker.threshold(100.0))
    assert seen == [3, 3]


@given(st.integers(0, 400), st.sampled_from([0, 1, 2, 5]), st.sampled_from([0.0, 60.0, 600.0, 6000.0]))
def test_on_parole_one_failure_opens_it_however_long_after(results, failing, seconds):
    """Also when what is usual is forgotten meanwhile."""
    breaker, now = served(ADAPTIVE, results, failing), float(results)
    until_open(breaker, now)
    now = breaker.until
    assert breaker.admits(now)
    breaker.lives(now, True)
    assert breaker.state is State.CLOSED
    assert until_open(breaker, now + seconds) == 1


def test_a_threshold_of_zero_stays_zero():
    """Any number is borne."""
    breaker = Breaker(BreakerSettings(threshold=0, rate=0.0, adaptive=True))
    for _ in range(100):
        breaker.failed(0.0, MIDDLE, False)
    assert (breaker.state, breaker.threshold(0.0)) == (State.CLOSED, 0)


def test_another_server_is_another_matter_and_a_recovery_is_not():
    """What is usual is forgotten with the rest, but not when somebody says that it is well."""
    breaker = served(ADAPTIVE, 1000, failing=1)
    usual = breaker.threshold(1000.0)
    breaker.failed(1000.0, MIDDLE, False)
    breaker.recover(1000.0)
    assert (breaker.threshold(1000.0), breaker.marked) == (usual, True)
    assert usual > 5
    breaker.reset()
    assert (breaker.threshold(1000.0), breaker.marked) == (5, True)


def test_it_is_switched_on_and_off_while_it_runs():
    """On, it learns from then on; off, it is as configured. The same settings again forget nothing."""
    breaker = served(PLAIN, 100)
    breaker.settle(ADAPTIVE)
    assert breaker.threshold(100.0) == 5
    for _ in range(100):
        breaker.succeeded(100.0, False)
    breaker.settle(ADAPTIVE)
    assert breaker.threshold(100.0) == 3
    breaker.settle(PLAIN)
    assert breaker.threshold(100.0) == 5
    breaker.succeeded(100.0, False)
    assert not breaker.marked


def test_the_board_tells_it_of_successes_too():
    """While all is well as well, and each deployment has its own."""
    one, other = deployment("one", at=provider("here")), deployment("other", at=provider("there"))
    board = Scoreboard(FakeClock(), MIDDLE, Rules(ADAPTIVE))
    for _ in range(100):
        lease = board.take(one)
        board.succeeded(lease, 0)
        board.give_back(lease)
    assert (board.breaker_of(one).threshold, board.breaker_of(other).threshold) == (3, 5)
    for _ in range(3):
        assert board.fitness(one) is None
        lease = board.take(one)
        board.failed(lease, FailureKind.SERVER_ERROR)
        board.give_back(lease)
    assert board.fitness(one) is not None
