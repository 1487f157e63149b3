"""Likeness by vectors that come from outside: any numbers may come."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing.classify.dense import Dense
from pointsman.routing.classify.kinds import Kind
from pointsman.routing.classify.shipped import prompts

KINDS = (Kind("warm", ("fire", "sun")), Kind("cold", ("ice",), ("snow", "frost")), Kind("code"), Kind("no-words"))
ROWS = {"fire": [1, 0, 0], "sun": [0.6, 0.8, 0], "ice": [-1, 0, 0], "snow, frost": [0, 0, 2], "no words": [0, -1, 0]}


@pytest.fixture
def dense():
    return Dense(KINDS)


def examples(dense):
    return [ROWS.get(text, [0, 0, 0]) for text in dense.texts]


def test_every_category_has_texts(dense):
    """Its examples and keywords; else the prompts of its class; else its name."""
    code = tuple(each.prompt for each in prompts() if each.task == "code" and not each.term)
    assert dense.texts == ("fire", "sun", "ice", "snow, frost", *code, "no words")


def test_the_nearest_example_counts(dense):
    """Cosines, whatever the lengths of the vectors; below 0 as 0."""
    found = dense.similarities([2, 0, 0], examples(dense))
    assert {name: round(cosine, 6) for name, cosine in found.items()} == {
        "warm": 1.0, "cold": 0.0, "code": 0.0, "no-words": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize("vector", [[], [1, 0], [math.nan, 0, 0], [math.inf, 0, 0], [1, 0, 0, 0]])
def test_vectors_that_do_not_fit_are_no_answer(dense, vector):
    """Another length, or numbers that are none."""
    assert dense.similarities(vector, examples(dense)) is None


def test_examples_that_do_not_fit_are_no_answer(dense):
    assert dense.similarities([1, 0, 0], examples(dense)[1:]) is None
    assert dense.similarities([1, 0, 0], [[math.nan, 0, 0], *examples(dense)[1:]]) is None


@given(st.lists(st.floats(-(2.0**40), 2.0**40, width=32), min_size=3, max_size=3))
def test_cosines_are_between_0_and_1(vector):
    made = Dense(KINDS)
    found = made.similarities(vector, examples(made))
    assert all(0.0 <= cosine <= 1.0 and np.isfinite(cosine) for cosine in found.values())
