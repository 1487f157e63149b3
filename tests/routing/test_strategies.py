"""simple-shuffle, round_robin, least_loaded: whom they pick with which draw, and what shares they give."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeClock, FakeView, LoadedDice, deployment, request, settings
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.strategies.least_loaded import LeastLoaded
from pointsman.routing.strategies.round_robin import RoundRobin
from pointsman.routing.strategies.simple_shuffle import SimpleShuffle
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

draws = st.floats(0, 1, exclude_max=True)
shares = st.none() | st.sampled_from([0, 0.0]) | st.floats(0, 1e6, allow_subnormal=False)


def board() -> Scoreboard:
    return Scoreboard(FakeClock(), LoadedDice([0.5]))


def pool_of(**columns) -> tuple:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return tuple(deployment(f"d{n}", **row) for n, row in enumerate(rows))


def picks(strategy, pool, table) -> list[str]:
    made, view = strategy("m", pool, Strategies()), board()
    return [pool[made.pick(request(), view, LoadedDice([draw]))[0]].id for draw in table]


@given(st.lists(shares, min_size=2, max_size=6), draws)
def test_a_weight_of_zero_gets_nothing_while_another_has_some(weights, draw):
    """In the shuffle and in round robin alike, however the dice fall."""
    assume(any(weights))
    pool = pool_of(weight=[weight or 0.0 for weight in weights])
    for strategy in (SimpleShuffle, RoundRobin):
        assert pool[strategy("m", pool, Strategies()).pick(request(), board(), LoadedDice([draw]))[0]].weight > 0


@pytest.mark.parametrize(
    ("columns", "table", "expected"),
    [
        ({"weight": [1, 3]}, [0.0, 0.24, 0.25, 0.99], ["d0", "d1"]),
        ({"weight": [None, 3]}, [0.0, 0.5, 0.99], ["d1"]),
        ({"weight": [0, 0]}, [0.0, 0.49, 0.5, 0.99], ["d0", "d1"]),
        ({"weight": [0, 0], "rpm": [0, 9]}, [0.0, 0.99], ["d1"]),
        ({"weight": [1, None], "rpm": [1, 1000]}, [0.0, 0.99], ["d0"]),
        ({"rpm": [10, 30]}, [0.0, 0.24, 0.25, 0.99], ["d0", "d1"]),
        ({"rpm": [None, None], "tpm": [5, None]}, [0.0, 0.99], ["d0"]),
        ({"weight": [None, None]}, [0.0, 0.49, 0.5, 0.99], ["d0", "d1"]),
    ],
)
def test_the_shuffle_draws_by_the_first_figure_that_anybody_sets(columns, table, expected):
    """Weight before rpm before tpm, as LiteLLM means them; who has no share of that figure gets none."""
    assert sorted(set(picks(SimpleShuffle, pool_of(**columns), table))) == expected


@pytest.mark.parametrize(
    ("weights", "draw", "expected"),
    [
        ([1, 3], 0.25, "d1"),
        ([1, 3], 0.2499999, "d0"),
        ([0, 1, 0, 1, 0], 0.0, "d1"),
        ([0, 1, 0, 1, 0], 0.5, "d3"),
        ([0, 1, 0, 1, 0], 0.9999999999999999, "d3"),
    ],
)
def test_the_shuffles_edges(weights, draw, expected):
    """A draw exactly on an edge belongs to the next member that has a share."""
    assert picks(SimpleShuffle, pool_of(weight=weights), [draw]) == [expected]


def test_the_shuffle_says_the_share_it_gave():
    """The reason carries figure and percentage."""
    _, step = SimpleShuffle("m", pool_of(rpm=[10, 30]), Strategies()).pick(request(), board(), LoadedDice([0.9]))
    assert step.reason == "simple-shuffle by rpm: d1 has 75.0% of the draw"


def test_if_the_only_member_with_a_share_is_out_the_others_share_equally():
    """Two members without a weight carry on when the third, which had all of it, rests."""
    pool = pool_of(weight=[5, None, None])
    assert set(picks(SimpleShuffle, pool, [0.0, 0.99])) == {"d0"}
    assert set(picks(SimpleShuffle, pool[1:], [0.0, 0.99])) == {"d1", "d2"}


class Turning:
    """Round robin as requests see it: pick and take under one hold, over a pool that may change."""

    def __init__(self, pool, table=(0.0,)) -> None:
        made = settings(*pool, strategies=Strategies("round_robin"))
        self.board = board()
        self.pipeline = Pipeline(compile_topology(made))
        self.dice = LoadedDice(table)

    def turn(self) -> str:
        with self.board.lock:
            decision = self.pipeline.decide(request(), self.board, self.dice)
            self.board.give_back(self.board.take(decision.choice, decision.tiers[0].group))
        return decision.choice.id

    def turns(self, count: int) -> Counter[str]:
        return Counter(self.turn() for _ in range(count))


@given(st.integers(2, 6), st.lists(draws, min_size=1, max_size=8))
def test_round_robin_gives_everybody_a_turn_before_anybody_gets_a_second(size, table):
    """In every round each member is asked once, whatever the dice say."""
    turning = Turning(tuple(deployment(f"d{n}") for n in range(size)), table)
    for _ in range(3):
        assert set(turning.turns(size).values()) == {1}


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.lists(draws, min_size=1, max_size=5))
def test_round_robin_is_never_further_than_a_turn_from_the_shares(weights, table):
    """After any number of turns each member has had its weight's share, give or take its neighbours' one turn."""
    pool = tuple(deployment(f"d{n}", weight=weight) for n, weight in enumerate(weights))
    turning, total, had = Turning(pool, table), sum(weights), Counter()
    for count in range(1, 3 * total + 1):
        had[turning.turn()] += 1
        for n, weight in enumerate(weights):
            assert abs(had[f"d{n}"] - count * weight / total) <= len(weights)


@given(st.integers(2, 9), draws)
def test_round_robin_goes_on_in_the_pools_order(size, draw):
    """From a first one that the dice name, one after the other, round after round."""
    turning = Turning(tuple(deployment(f"d{n}") for n in range(size)), [draw])
    first = int(draw * size)
    assert [turning.turn() for _ in range(2 * size + 1)] == [f"d{(first + n) % size}" for n in range(2 * size + 1)]


def test_round_robin_begins_with_the_first_where_the_rules_say_so():
    """Whatever the dice say; and it does so again when all turns are forgotten."""
    turning = Turning(tuple(deployment(f"d{n}") for n in range(3)), [0.9])
    turning.board = Scoreboard(FakeClock(), LoadedDice([0.9]), Rules(in_order=True))
    assert [turning.turn() for _ in range(4)] == ["d0", "d1", "d2", "d0"]
    turning.board.reset()
    assert turning.turn() == "d0"


def test_round_robin_goes_on_behind_whose_turn_was_last_though_it_rests():
    """Of those who are left the next one is due, and nobody twice."""
    pool = tuple(deployment(f"d{n}") for n in range(4))
    turning = Turning(pool)
    assert [turning.turn() for _ in range(2)] == ["d0", "d1"]
    turning.board.resting["d1"] = turning.board.record(pool[1])
    turning.board.record(pool[1]).cooldown.until = 2000.0
    assert [turning.turn() for _ in range(6)] == ["d2", "d3", "d0", "d2", "d3", "d0"]


def test_round_robin_deals_weights_out_evenly():
    """Three of four turns, and not three in a row and then a wait."""
    turning = Turning((deployment("a", weight=3), deployment("b", weight=1)))
    said = "".join(turning.turn() for _ in range(12))
    assert "bb" not in said
    assert "aaaa" not in said
    assert said.count("a") == 9


def test_round_robin_does_not_flood_who_comes_back():
    """After a rest of a thousand turns a member takes its share, not the thousand it missed."""
    pool = tuple(deployment(f"d{n}", rpm=10**9) for n in range(3))
    turning = Turning(pool)
    turning.turns(3)
    turning.board.resting["d0"] = turning.board.record(pool[0])
    turning.board.record(pool[0]).cooldown.until = 2000.0
    assert turning.turns(1000)["d0"] == 0
    turning.board.clock.advance(5000.0)
    after = turning.turns(9)
    assert all(2 <= after[name] <= 4 for name in ("d0", "d1", "d2"))


def test_round_robin_takes_zero_weights_in_when_nobody_else_is_left():
    """If all that remain have no share they take equal turns."""
    turning = Turning(tuple(deployment(f"d{n}", weight=0) for n in range(2)))
    assert turning.turns(10) == {"d0": 5, "d1": 5}


def test_a_dry_run_takes_no_turn():
    """Deciding alone moves nobody up."""
    turning = Turning((deployment("d0"), deployment("d1")))
    firsts = {turning.pipeline.decide(request(), turning.board, LoadedDice([0.0])).choice.id for _ in range(5)}
    assert firsts == {"d0"}


def test_round_robin_remembers_nothing_of_groups_of_one():
    """Names that callers make up lead to groups of one, and leave no memory behind."""
    view = board()
    for n in range(100):
        RoundRobin(f"made-up-{n}", (deployment("d0"),), Strategies()).pick(request(), view, LoadedDice())
    assert view._turns == {}


@pytest.mark.parametrize(
    ("loads", "table", "expected"),
    [([2, 0, 1], [0.0, 0.99], ["d1"]), ([1, 0, 0], [0.0, 0.49, 0.5, 0.99], ["d1", "d2"])],
)
def test_least_loaded_picks_the_fewest_in_flight(loads, table, expected):
    """Equals are told apart by the dice, others are not picked."""
    pool, view = tuple(deployment(f"d{n}") for n in range(3)), board()
    for member, load in zip(pool, loads, strict=True):
        for _ in range(load):
            view.take(member)
    made = LeastLoaded("m", pool, Strategies())
    assert sorted({pool[made.pick(request(), view, LoadedDice([draw]))[0]].id for draw in table}) == expected


def test_least_loaded_adds_what_others_have_where_it_is_known():
    """One under way from here and none besides is less than three of others."""
    pool, view = tuple(deployment(f"d{n}") for n in range(2)), FakeView(loads={"d0": 1}, others={"d1": 3})
    made = LeastLoaded("m", pool, Strategies())
    index, step = made.pick(request(), view, LoadedDice())
    assert (index, "d0 has 1 in flight" in step.reason) == (0, True)
    assert made.terms(request(), view) == [{"in_flight": 1, "load": 2}, {"in_flight": 0, "load": 4}]


def test_a_degraded_member_carries_half_as_much():
    """Its next request counts twice: with one under way it looks like four."""
    pool, view = tuple(deployment(f"d{n}") for n in range(2)), FakeView(reduced={"d0": 0.5}, loads={"d0": 0, "d1": 0})
    made, dice = LeastLoaded("m", pool, Strategies()), LoadedDice([0.5])
    for _ in range(30):
        view.loads[pool[made.pick(request(), view, dice)[0]].id] += 1
    assert view.loads == {"d0": 10, "d1": 20}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.lists(draws, min_size=1, max_size=20))
def test_least_loaded_keeps_loads_within_one_of_each_other(loads, table):
    """Requests that stay are spread evenly: once level, no member is ever two ahead of another."""
    pool, view, dice = tuple(deployment(f"d{n}") for n in range(len(loads))), board(), LoadedDice(table)
    made = LeastLoaded("m", pool, Strategies())
    for _ in range(5 * len(pool)):
        view.take(pool[made.pick(request(), view, dice)[0]])
        busy = [view.in_flight(member) for member in pool]
        assert max(busy) - min(busy) <= 1
