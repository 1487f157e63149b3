"""The rolling minute against the simplest thing that could be right: a list of when what happened."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from pointsman.state.window import SECONDS, Minute

steps = st.sampled_from([0.0, 0.001, 0.4, 0.999, 1.0, 2.5, 13.0, 30.0, 59.0, 59.999, 60.0, 61.0, 119.0, 1000.0])
happenings = st.lists(st.tuples(st.floats(0, 150) | steps, st.integers(0, 50)), max_size=60)


class Naive:
    """Every happening with its second, thrown away when a minute old."""

    def __init__(self) -> None:
        self.seen: deque[tuple[int, int]] = deque()

    def add(self, now: float, amount: int) -> None:
        self.seen.append((int(now), amount))

    def total(self, now: float) -> int:
        while self.seen and int(now) - self.seen[0][0] >= SECONDS:
            self.seen.popleft()
        return sum(amount for _, amount in self.seen)


@given(happenings, st.floats(0, 1e9))
def test_it_counts_what_a_list_of_happenings_counts(found, start):
    """After any history the total is that of the last sixty seconds."""
    minute, naive, now = Minute(), Naive(), start
    for step, amount in found:
        now += step
        minute.add(now, amount)
        naive.add(now, amount)
        assert minute.total == naive.total(now)
    for step in (0.5, 30.0, 29.4, 60.0):
        now += step
        assert minute.advance(now) == naive.total(now)


@given(happenings, st.integers(1, 100))
def test_the_wait_is_exactly_until_there_is_room(found, limit):
    """When the wait is over the total is below the limit, and a second earlier it was not."""
    minute, now = Minute(), 1000.0
    for step, amount in found:
        now += min(step, 20.0)
        minute.add(now, amount)
    wait = minute.until_below(now, limit)
    assert 0.0 <= wait <= SECONDS
    if wait > 0.0:
        assert minute.advance(now + wait - 1.0) >= limit or wait <= 1.0
        assert minute.advance(now + wait + 1e-6) < limit
    else:
        assert minute.total < limit


@given(happenings)
def test_a_clock_that_steps_back_forgets_nothing_and_invents_nothing(found):
    """Counts of a past second stand in the newest one."""
    minute, added = Minute(), 0
    minute.advance(10_000.0)
    for step, amount in found:
        minute.add(10_000.0 - step, amount)
        added += amount
    assert minute.total == added


@given(happenings)
def test_its_size_does_not_grow(found):
    """Sixty numbers, whatever happened."""
    minute, now = Minute(), 0.0
    for step, amount in found:
        now += step
        minute.add(now, amount)
    assert len(minute._buckets) == SECONDS
    assert sum(minute._buckets) == minute.total


def test_a_limit_of_nothing_is_never_met():
    """Nobody waits for a total below zero; the answer is a whole minute."""
    assert Minute().until_below(5.0, 0) == float(SECONDS)
