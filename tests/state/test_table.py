"""Columns of the board's figures: whatever happens they say what is said of each deployment by itself."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeClock, LoadedDice, deployment
from pointsman.model.members import FEW, Members
from pointsman.model.outcome import FailureKind
from pointsman.state.results import LONGEST, RENEWED
from pointsman.state.scoreboard import Scoreboard
from pointsman.state.table import ROWS

NAMES = ("samples", "success_rate", "trust", "latency", "first_token", "per_token")
POOL = tuple(deployment(f"d{n}") for n in range(FEW + 8))


def made() -> Scoreboard:
    return Scoreboard(FakeClock(), LoadedDice([0.5]))


def served(board: Scoreboard, one, seconds: float, *, delivered: bool = True) -> None:
    lease = board.take(one)
    lease.begun -= seconds
    lease.first_token = seconds / 4
    if delivered:
        board.succeeded(lease, 30, 10)
    else:
        board.failed(lease, FailureKind.SERVER_ERROR)
    board.give_back(lease)


def columns(board: Scoreboard, members: Members) -> list[list[float]]:
    found = (*board.results_of(members, NAMES), board.in_flight_of(members), *board.minutes_of(members))
    return [list(column) for column in found]


def one_by_one(board: Scoreboard, members: Members) -> list[list[float]]:
    standings = [board.standing(one) for one in members.pool]
    used = [board.used(one) for one in members.pool]
    return [
        *([standing.figure(name) for standing in standings] for name in NAMES),
        [board.in_flight(one) for one in members.pool],
        [requests for requests, _ in used],
        [tokens for _, tokens in used],
    ]


def test_nothing_is_left_of_who_was_forgotten_though_nobody_reads_figures():
    """However many come and go, and what they still had under way ends afterwards."""
    board = made()
    for one in (deployment(f"d{n}") for n in range(3 * ROWS)):
        served(board, one, 0.1)
        lease = board.take(one)
        board.forget(one)
        board.give_back(lease)
    assert len(board._table._marked) == 0
    assert len(board._table._records) == 2


events = st.lists(
    st.tuples(
        st.sampled_from(["good", "bad", "hold", "end", "look", "wait", "ask", "renew", "reset"]),
        st.integers(0, len(POOL) - 1) | st.integers(0, 1),
        st.sampled_from([0.1, 0.5, 20.0, RENEWED, LONGEST / 2]),
    ),
    max_size=60,
)


class Board:
    """A board, what is under way, and pools that look at it."""

    def __init__(self) -> None:
        self.board = made()
        self.held: list = []
        self.pools = [Members(POOL[:1]), Members(POOL[:2]), Members(POOL)]

    def happen(self, event: str, number: int, seconds: float) -> None:
        board, one = self.board, POOL[number]
        if event in ("good", "bad"):
            served(board, one, seconds, delivered=event == "good")
        elif event == "hold":
            self.held.append(board.take(one))
        elif event == "end" and self.held:
            board.give_back(self.held.pop())
        elif event == "look":
            board.results_of(self.pools[number % 3], NAMES[: number % 6 + 1])
        elif event == "wait":
            board.clock.advance(seconds)
        else:
            self.keep_house(event, number)

    def keep_house(self, event: str, number: int) -> None:
        if event == "ask":
            self.board.standing(POOL[number])
            self.board.record(POOL[number]).results.since(0.0)
        elif event == "renew":
            self.board.forget_all_but(POOL[number:])
        elif event == "reset":
            self.board.reset()


@given(events)
def test_columns_say_what_is_said_of_each(plan):
    """Of a few members and of many, through results, rests, resets and deployments that come and go."""
    world = Board()
    for event, number, seconds in plan:
        world.happen(event, number, seconds)
        for members in world.pools:
            assert columns(world.board, members) == one_by_one(world.board, members)


def test_columns_are_the_same_object_while_nothing_has_changed():
    """And as long as results do not make new figures."""
    board, members = made(), Members(POOL[:2])
    for _ in range(20):
        served(board, POOL[0], 1.0)
    first = board.results_of(members, ("latency",))
    board.clock.advance(1.0)
    served(board, POOL[0], 9.0)
    assert board.results_of(members, ("latency",)) is first
    for _ in range(40):
        served(board, POOL[0], 9.0)
    assert list(board.results_of(members, ("latency",))[0]) == [9.0, inf]


def test_who_is_not_remembered_is_in_no_column_of_others():
    """A pool may know deployments that the board never met: they are idle and unseen, and no memory is made of them."""
    board, members = made(), Members(POOL[:2])
    assert [list(column) for column in board.results_of(members, ("samples", "trust", "latency"))] == [
        [0, 0],
        [1, 1],
        [inf, inf],
    ]
    assert list(board.in_flight_of(members)) == [0, 0]
    assert board.records() == {}


@pytest.mark.parametrize("size", [ROWS - 2, ROWS * 4 + 1])
def test_a_table_grows_with_its_deployments(size):
    """However many there are."""
    pool = tuple(deployment(f"d{n}") for n in range(size))
    board, members = made(), Members(pool)
    board.results_of(members, NAMES)
    for number, one in enumerate(pool):
        served(board, one, 1.0 + number)
        board.take(one)
    assert columns(board, members) == one_by_one(board, members)
    assert list(board.results_of(members, ("latency",))[0]) == [1.0 + number for number in range(size)]


def test_a_row_that_is_free_again_tells_nothing_of_who_had_it():
    """A deployment that is forgotten takes all its figures along."""
    board = made()
    served(board, POOL[0], 5.0)
    board.used(POOL[0])
    members = Members(POOL[:3])
    board.minutes_of(members)
    served(board, POOL[0], 5.0)
    before = columns(board, members)
    board.forget_all_but(POOL[1:3])
    other = Members((deployment("new"),))
    board.take(other.pool[0])
    assert columns(board, other) == [[0], [1], [1], [inf], [inf], [inf], [1], [0], [0]]
    assert before[3] == [5.0, inf, inf]
