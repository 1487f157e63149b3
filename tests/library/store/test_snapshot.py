"""Moments that outlive the clock they were read from."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeClock
from pointsman.library.store.snapshot import DRIFT, Clocks

here = st.floats(0, 1e7)
wall = st.floats(0, 4e9)
spans = st.floats(-1e6, 1e6)
close = 1e-5  # seconds; a float of epoch seconds has steps of a quarter of a microsecond


@given(here, wall, here, spans, st.floats(0, 1e6))
def test_what_was_so_long_ago_is_that_and_the_time_between_after_a_restart(before, now, after, span, between):
    """Whatever the monotonic clocks of the two processes show."""
    kept = Clocks(before, now).to_wall(before + span)
    again = Clocks(after, now + between).to_here(kept, taken=now)
    assert math.isclose(again - after, span - between, abs_tol=close)


@given(here, wall, here, spans, st.floats(0, 1e6))
def test_a_wall_clock_that_was_set_back_lets_no_time_pass(before, now, after, span, back):
    """Nobody rests longer, and nothing is younger, than when the snapshot was taken."""
    kept = Clocks(before, now).to_wall(before + span)
    again = Clocks(after, now - back).to_here(kept, taken=now)
    assert math.isclose(again - after, span, abs_tol=close)


@given(here, wall, st.floats(0, 1e6), spans)
def test_the_same_moment_gives_the_same_number_as_time_goes_by(begun, now, later, span):
    """To the last bit: what has not changed shall not look as if it had."""
    clock, time = FakeClock(begun), FakeClock(now)
    clocks = Clocks.read(clock, time)
    clock.advance(later)
    time.advance(later)
    assert clocks.renewed(clock, time) is clocks
    assert clocks.renewed(clock, time).to_wall(begun + span) == clocks.to_wall(begun + span)


@pytest.mark.parametrize("step", [-3600.0, -2 * DRIFT, 2 * DRIFT, 1e9])
def test_a_wall_clock_that_was_set_is_noticed(step):
    """From then on moments are what it says."""
    clock, time = FakeClock(50.0), FakeClock(1e9)
    clocks = Clocks.read(clock, time)
    time.advance(step)
    renewed = clocks.renewed(clock, time)
    assert (clocks.to_wall(40.0), renewed.to_wall(40.0)) == (1e9 - 10, 1e9 - 10 + step)
