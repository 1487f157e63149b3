"""The limit that is learned: it finds a capacity, gives way to overload, and stays within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeClock, LoadedDice, deployment
from pointsman.model.outcome import FailureKind
from pointsman.state.adaptive import BACKOFF, LEAST, LONG, MOST, START, AdaptiveLimit
from pointsman.state.scoreboard import Scoreboard

events = st.lists(
    st.tuples(st.just("ok"), st.integers(1, 300), st.none() | st.floats(0, 1e6))
    | st.tuples(st.just("no"), st.floats(0, 10), st.none()),
    max_size=200,
)


@given(events)
def test_it_stays_within_its_bounds(events):
    """Whatever figures come."""
    limit, now = AdaptiveLimit(), 0.0
    for kind, figure, first in events:
        if kind == "ok":
            limit.delivered(figure, first)
        else:
            now += figure
            limit.overloaded(now)
        assert LEAST <= limit.limit <= MOST


def served(limit: AdaptiveLimit, capacity: int, rounds: int) -> None:
    """A server that answers ``capacity`` at a time within 0.1 s and lets the others wait in proportion."""
    for _ in range(rounds):
        in_flight = int(limit.limit)
        limit.delivered(in_flight, 0.1 * max(1.0, in_flight / capacity))


def test_it_finds_what_a_server_bears():
    """After a quiet time slower first tokens bring it down, while a server that bears more lets it grow."""
    small, large = AdaptiveLimit(), AdaptiveLimit()
    for limit in (small, large):
        for _ in range(LONG):
            limit.delivered(1, 0.1)
        limit.limit = 40.0
    served(small, 10, 100)
    served(large, 150, 100)
    assert small.limit < 40.0 < large.limit


def test_it_does_not_grow_while_it_is_not_used():
    """A quiet hour says nothing of what would be borne."""
    limit = AdaptiveLimit()
    for _ in range(1000):
        limit.delivered(3, None)
        limit.delivered(3, 0.1)
    assert limit.limit == START


def test_several_refusals_at_once_are_one():
    """A burst that was refused together cuts the limit once; the next second's cuts it again."""
    limit = AdaptiveLimit()
    for at in (0.0, 0.3, 0.9, 1.0):
        limit.overloaded(at)
    assert limit.limit == pytest.approx(START * BACKOFF**2)


def test_a_deployment_is_full_at_its_learned_limit():
    """The board asks it like any other limit; answers and refusals reach it through leases."""
    clock = FakeClock()
    board, member = Scoreboard(clock, LoadedDice([0.5])), deployment("a", adaptive=True)
    leases = [board.take(member) for _ in range(int(START))]
    assert board.room(member, 1) == "20 parallel requests reached, as many as it was found to bear"
    for lease in leases:
        board.succeeded(lease, 1)
        board.give_back(lease)
    assert board.record(member).limit.limit > START
    lease = board.take(member)
    grown = board.record(member).limit.limit
    board.failed(lease, FailureKind.OVERLOADED)
    board.give_back(lease)
    assert board.record(member).limit.limit == grown * BACKOFF
