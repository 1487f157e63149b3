"""least-utilization: who uses least of what it has, and where that tells nobody apart, who has least in flight."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from pointsman.config.settings import Strategies
from pointsman.config.strategies import canonical
from pointsman.fakes import FakeClock, FakeView, LoadedDice, deployment, request
from pointsman.routing.strategies.least_utilization import LeastUtilization
from pointsman.state.scoreboard import Scoreboard

POOL = tuple(deployment(name) for name in "abcd")


def pick(view: FakeView, draws: tuple[float, ...] = (0.0,), pool=POOL) -> tuple[str, str]:
    index, step = LeastUtilization("m", pool, Strategies()).pick(request(), view, LoadedDice(draws))
    return pool[index].id, step.reason


@pytest.mark.parametrize("word", ["least-utilization", "Least Utilization", "resource", "least_utilized"])
def test_it_is_known_by_these_names(word):
    assert canonical(word) == "least-utilization"


def test_the_lowest_is_picked_however_busy_it_is_with_ours():
    """And the step says by how much."""
    view = FakeView(utilizations={"a": 0.9, "b": 0.3, "c": 0.4, "d": 0.5}, loads={"b": 7})
    assert pick(view) == ("b", "least-utilization: b uses 0.30 of what it has; next: c uses 0.40 of what it has")


def test_those_near_the_lowest_share_by_load():
    """Readings are seconds old: what arrives meanwhile must not all go to one."""
    view = FakeView(utilizations={"a": 0.90, "b": 0.30, "c": 0.34, "d": 0.36}, loads={"b": 1})
    name, reason = pick(view)
    assert name == "c"
    assert reason.endswith("; 2 are as little in use, and its load is 0.0")


def test_who_has_no_reading_counts_as_the_median():
    """Neither the best nor the worst."""
    view = FakeView(utilizations={"a": 0.2, "b": 0.8, "c": 0.5})
    assert pick(view)[0] == "a"
    terms = LeastUtilization("m", POOL, Strategies()).terms(request(), view)
    assert terms == [
        {"in_flight": 0, "utilization": 0.2},
        {"in_flight": 0, "utilization": 0.8},
        {"in_flight": 0, "utilization": 0.5},
        {"in_flight": 0},
    ]
    busiest_left = FakeView(utilizations={"b": 0.8, "c": 0.5})
    left = POOL[1:]
    assert pick(busiest_left, pool=left)[0] == "c"
    assert pick(FakeView(utilizations={"b": 0.9, "c": 0.8}), pool=left)[0] == "c"


@pytest.mark.parametrize("size", [3, 100])
def test_without_any_reading_the_fewest_in_flight_decide(size):
    """For pools of any size; and readings of strangers are none."""
    pool = tuple(deployment(f"d{n}") for n in range(size))
    view = FakeView(loads={d.id: 1 for d in pool[1:]}, utilizations={"somebody else": 0.0})
    reason = "least-utilization, nobody's being known: d0 has a load of 0.0; next: d1 has a load of 1.0"
    assert pick(view, pool=pool) == ("d0", reason)


@pytest.mark.parametrize("known", [True, False])
def test_who_is_degraded_counts_as_busier(known):
    """Its utilization and its load, whichever decides."""
    view = FakeView(utilizations={d.id: 0.4 for d in POOL} if known else {}, reduced={"a": 0.5})
    dice, strategy = Random(1), LeastUtilization("m", POOL, Strategies())
    picked = Counter(POOL[strategy.pick(request(), view, dice)[0]].id for _ in range(1_000))
    assert picked["a"] <= 0.58 * min(picked[name] for name in "bcd")
    view.loads = {"b": 2, "c": 2, "d": 2}
    assert pick(view)[0] == ("b" if known else "a")


def test_a_new_reading_is_seen_at_once():
    """As soon as the board is told; until then all requests of a round share by load."""
    board = Scoreboard(FakeClock(), Random(1))
    strategy = LeastUtilization("m", POOL, Strategies())

    def chosen() -> str:
        return POOL[strategy.pick(request(), board, LoadedDice([0.0]))[0]].id

    board.measured({"a": 0.9, "b": 0.1, "c": 0.9, "d": 0.9})
    assert chosen() == "b"
    board.measured({"a": 0.9, "b": 0.8, "c": 0.1, "d": 0.9})
    assert chosen() == "c"
    board.measured({})
    lease = board.take(POOL[0])
    assert chosen() == "b"
    board.give_back(lease)
    assert chosen() == "a"
