"""lowest-cost, most_capacity, usage-based-routing, random, priority: prices, contexts, minutes, orders."""

from __future__ import annotations

import msgspec
import pytest

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment, request
from pointsman.model.listing import Card
from pointsman.routing.strategies.lowest_cost import LowestCost
from pointsman.routing.strategies.most_capacity import MostCapacity
from pointsman.routing.strategies.priority import Priority
from pointsman.routing.strategies.random import Random
from pointsman.routing.strategies.usage_based_routing import UsageBasedRouting

DRAWS = [0.0, 0.26, 0.51, 0.76, 0.99]


def pool_of(**columns) -> tuple:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return tuple(deployment(f"d{n}", **row) for n, row in enumerate(rows))


def picked(strategy, pool, view=None, asked=None) -> set[str]:
    """Who may be picked, over a table of draws."""
    made, now = strategy("m", pool, Strategies()), view or FakeView()
    return {pool[made.pick(asked or request(), now, LoadedDice([draw]))[0]].id for draw in DRAWS}


ASYMMETRIC = pool_of(input_cost=[1e-6, 4e-6], output_cost=[10e-6, 4e-6])
"""One is cheap to tell and dear to hear, the other the same both ways."""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"tokens": 10_000}, "d0"),
        ({"tokens": 100}, "d1"),
        ({"tokens": 100, "body": {"max_tokens": msgspec.Raw(b"8")}}, "d0"),
        ({"tokens": 100, "body": {"max_completion_tokens": msgspec.Raw(b"8")}}, "d0"),
        ({"tokens": 100, "body": {"max_tokens": msgspec.Raw(b"-1")}}, "d1"),
        ({"tokens": 100, "body": {"max_tokens": msgspec.Raw(b'"many"')}}, "d1"),
        ({"tokens": 1, "endpoint": "embeddings"}, "d0"),
    ],
    ids=["long prompt", "short prompt", "short answer", "the new field", "no bound", "no number", "no answer"],
)
def test_the_cheapest_depends_on_what_is_asked(asked, expected):
    """Prompt times input price plus the expected answer times output price."""
    assert picked(LowestCost, ASYMMETRIC, asked=request(**asked)) == {expected}


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([1e-6, 2e-6, None], {"d0"}),
        ([0.0, 1e-6, None], {"d0"}),
        ([None, 5.0, None], {"d1"}),
        ([1e-6, 1e-6, 2e-6], {"d0", "d1"}),
        ([None, None, None], {"d0", "d1", "d2"}),
        ([0.0, 0.0, 1e-6], {"d0", "d1"}),
    ],
    ids=["least", "free", "unknown last", "equals by dice", "nobody says", "several free"],
)
def test_lowest_cost(costs, expected):
    """Who has no price comes last, and free is a price."""
    assert picked(LowestCost, pool_of(input_cost=costs), asked=request(tokens=100)) == expected


def test_the_cost_is_told_in_dollars():
    """Winner, figure, runner-up."""
    pool = pool_of(input_cost=[1e-6, None])
    _, step = LowestCost("m", pool, Strategies()).pick(request(tokens=2_000), FakeView(), LoadedDice())
    assert step.reason == "lowest-cost: d0 is expected to charge $0.002000; next: d1 has no price"


@pytest.mark.parametrize(
    ("columns", "loads", "expected"),
    [
        ({"context": [8192, 32768, 4096]}, {}, {"d1"}),
        ({"context": [8192, 32768, 4096]}, {"d1": 4}, {"d0"}),
        ({"context": [None, 32768, 8192]}, {"d1": 9}, {"d0", "d2"}),
        ({"context": [None, None, None]}, {"d0": 1}, {"d1", "d2"}),
        ({"context": [8192, 8192, 8192], "rpm": [None, 0, None]}, {}, {"d0", "d2"}),
        ({"context": [8192, 16384], "max_parallel_requests": [None, 4]}, {"d1": 3, "d0": 2}, {"d0"}),
    ],
    ids=["largest", "shared by many", "unknown is the smallest", "least busy", "nothing left", "tightest limit"],
)
def test_most_capacity(columns, loads, expected):
    """Context over requests in flight, times what limits leave free."""
    assert picked(MostCapacity, pool_of(**columns), FakeView(loads=loads)) == expected


def test_most_capacity_goes_by_listed_contexts_too():
    """Where the configuration says none."""
    pool = pool_of(context=[8192, None], listed=[None, Card(context=32768)])
    assert picked(MostCapacity, pool) == {"d1"}


def test_the_free_part_is_that_of_the_tightest_limit():
    """Half of the requests and a quarter of the tokens of a minute are left: a quarter."""
    pool = pool_of(context=[1000], rpm=[10], tpm=[4000])
    rows = MostCapacity("m", pool, Strategies()).terms(request(), FakeView(minutes={"d0": (5, 3000)}, loads={"d0": 1}))
    assert rows == [{"context": 1000, "in_flight": 1, "free": 0.25, "capacity": 125.0}]


@pytest.mark.parametrize(
    ("columns", "minutes", "expected"),
    [
        ({"rpm": [None, None]}, {"d0": (1, 500), "d1": (9, 400)}, {"d1"}),
        ({"rpm": [None, None]}, {}, {"d0", "d1"}),
        ({"rpm": [10, 10]}, {"d0": (9, 1), "d1": (1, 400)}, {"d0"}),
        ({"rpm": [10, 10]}, {"d0": (10, 1), "d1": (1, 400)}, {"d1"}),
        ({"tpm": [500, 500]}, {"d0": (1, 399), "d1": (1, 450)}, {"d0"}),
        ({"tpm": [400, 900]}, {"d0": (1, 301), "d1": (1, 800)}, {"d1"}),
        ({"rpm": [1, 1]}, {"d0": (5, 300), "d1": (5, 200)}, {"d1"}),
    ],
    ids=["fewest tokens", "equals by dice", "the last request of the minute", "over rpm", "under tpm", "over tpm",
         "all over"],
)  # fmt: skip
def test_usage_based_routing_goes_by_the_minute(columns, minutes, expected):
    """The fewest tokens among those with room; a limit of N admits the Nth request; a request of 100 tokens."""
    assert picked(UsageBasedRouting, pool_of(**columns), FakeView(minutes=minutes), request(tokens=100)) == expected


def test_what_is_under_way_counts_as_an_average_request():
    """100 tokens with one more under way are 200, and lose to 150 without."""
    view = FakeView(minutes={"d0": (2, 100), "d1": (1, 150)}, loads={"d0": 1})
    assert picked(UsageBasedRouting, pool_of(rpm=[None, None]), view, request(tokens=10)) == {"d1"}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"weight": [None, None]}, {"d0", "d1"}),
        ({"weight": [None, None], "rpm": [0, 1000]}, {"d0", "d1"}),
        ({"weight": [0, None]}, {"d1"}),
        ({"weight": [0, 0]}, {"d0", "d1"}),
    ],
    ids=["all alike", "limits are no shares", "no share", "nobody has a share"],
)
def test_random_is_uniform_but_for_weights(columns, expected):
    """Unlike simple-shuffle it does not look at limits, and no weight is a weight of 1."""
    assert picked(Random, pool_of(**columns)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"order": [2, 1, 1, None]}, {"d1", "d2"}),
        ({"order": [None, None]}, {"d0", "d1"}),
        ({"order": [1, 1, 2], "weight": [0, 1, 9]}, {"d1"}),
        ({"order": [5, None], "weight": [0, 9]}, {"d0"}),
    ],
    ids=["lowest", "nobody has one", "shares inside a level", "order before shares"],
)
def test_priority_asks_the_lowest_order(columns, expected):
    """Who has no order comes last; inside a level shares are simple-shuffle's."""
    assert picked(Priority, pool_of(**columns)) == expected


def test_priority_says_which_order_it_was():
    """Order, how many have it, and the share of the draw."""
    _, step = Priority("m", pool_of(order=[1, 1, 2]), Strategies()).pick(request(), FakeView(), LoadedDice())
    assert step.reason == "priority, 2 of 3 with order 1, by equal chance: d0 has 50.0% of the draw"
