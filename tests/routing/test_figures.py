"""Columns of a few members and of many: the same figures come of the same formulas, and the same picks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment, request
from pointsman.model import members
from pointsman.model.members import Members
from pointsman.model.request import Hints
from pointsman.model.view import Standing
from pointsman.routing.arrays import MANY
from pointsman.routing.figures import FEW, arithmetic
from pointsman.routing.strategies import STRATEGIES

FEW_OF = tuple(deployment(f"d{n}") for n in range(members.FEW))
MANY_OF = tuple(deployment(f"d{n}") for n in range(members.FEW + 1))

figures = st.floats(0, 100) | st.sampled_from([0.0, 1.0, 2.0, inf])
columns = st.lists(figures, min_size=members.FEW + 1, max_size=members.FEW + 1)
places = st.lists(st.integers(0, members.FEW), min_size=1, max_size=9, unique=True).map(sorted)


def both(column: list[float]):
    """The arithmetic of few and of many, each with the column as it takes it."""
    return (FEW, column), (MANY, Members(MANY_OF).column(column))


def test_a_few_are_reckoned_with_as_python_numbers_and_many_as_arrays():
    """The pool's size decides."""
    assert [arithmetic(Members(pool)) for pool in (FEW_OF, MANY_OF)] == [FEW, MANY]
    assert type(Members(FEW_OF).column(range(32))) is list


@given(columns, columns, st.booleans())
def test_figures_are_the_same_for_few_and_many(column, other, highest):
    """Whoever is best, second or equal, and what becomes of a column."""
    told = []
    for do, here in both(column):
        there = dict(both(other))[do]
        first, equals = do.best(here, highest=highest)
        told.append(
            (
                (first, equals),
                do.lowest(here, highest=highest),
                here[do.second(here, first, highest=highest)],
                list(do.equal(here, here[first])),
                list(do.up_to(here, 2.0)),
                list(do.from_on(here, 2.0)),
                do.finite(here),
                list(do.each(lambda a, b: 1 / (a + 1) - b, here, there)),
                list(do.capped(here, 1.5)),
                list(do.larger(here, there)),
                list(do.where(do.each(lambda a: a < 2.0, here), there, 7.0)),
                list(do.filled(here, 1.0)),
                list(do.scaled(here, {0: 0.5, 3: 2.0})),
            )
        )
    assert told[0] == told[1]


@given(columns, places, st.booleans())
def test_the_lowest_of_some_is_the_same_for_few_and_many(column, some, least):
    """Its figure, and who has it."""
    told = [do.among(some, here, least=least) for do, here in both(column)]
    assert (told[0][0], list(told[0][1])) == (told[1][0], list(told[1][1]))


@given(st.integers(0, 2**64 - 1), st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=33, max_size=33))
def test_distances_are_the_same_for_few_and_many(key, shares):
    """To the last bits, of which logarithms have different ones."""
    seeds = [(key * 7 % 2**64 | 1, key * n % 2**64) for n in range(len(shares))]
    few, many = (list(do.distances(key, do.seeds(seeds), here)) for do, here in both(shares))
    assert many == pytest.approx(few, abs=1e-12)


@contextmanager
def all_are_many() -> Iterator[None]:
    """Pools of any size are reckoned with as arrays."""
    few, members.FEW = members.FEW, 0
    try:
        yield
    finally:
        members.FEW = few


seconds = st.none() | st.floats(0.001, 100)
standings = st.builds(Standing, st.integers(0, 9), st.sampled_from([0.0, 0.5, 0.9, 1.0]), seconds, seconds, seconds)
situation = st.fixed_dictionaries(
    {
        "standing": standings,
        "load": st.integers(0, 3),
        "minute": st.tuples(st.integers(0, 9), st.integers(0, 500)),
        "reduced": st.sampled_from([1.0, 1.0, 0.5]),
        "limits": st.sampled_from([{}, {"rpm": 5}, {"tpm": 900}, {"max_parallel_requests": 2}]),
        "weight": st.sampled_from([None, 0, 2]),
        "input_cost": st.sampled_from([None, 0.0, 1e-6]),
        "context": st.sampled_from([None, 4096]),
    }
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(st.lists(situation, min_size=1, max_size=6), st.booleans(), st.floats(0, 1, exclude_max=True))
def test_a_strategy_picks_and_tells_the_same_of_few_and_of_many(name, rows, stream, draw):
    """Whom, in which words, by which figures."""
    pool = tuple(
        deployment(f"d{n}", weight=row["weight"], input_cost=row["input_cost"], context=row["context"], **row["limits"])
        for n, row in enumerate(rows)
    )
    view = FakeView(
        {d.id: row["standing"] for d, row in zip(pool, rows, strict=True)},
        {d.id: row["load"] for d, row in zip(pool, rows, strict=True)},
        minutes={d.id: row["minute"] for d, row in zip(pool, rows, strict=True)},
        reduced={d.id: row["reduced"] for d, row in zip(pool, rows, strict=True) if row["reduced"] < 1},
        homes={"s": "d0"} if stream else {},
    )
    asked = request(stream=stream, tokens=100, hints=Hints(session="s"))
    few = STRATEGIES[name]("m", pool, Strategies())
    with all_are_many():
        many = STRATEGIES[name]("m", pool, Strategies())
    assert many.pick(asked, view, LoadedDice([draw])) == few.pick(asked, view, LoadedDice([draw]))
    assert many.terms(asked, view) == [pytest.approx(row) for row in few.terms(asked, view)]
