"""A head learns from examples, knows when it knows nothing, and does not depend on any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing.classify.features import SIZE, features
from pointsman.routing.classify.head import Course, Example, fit, open_softmax
from pointsman.routing.classify.shipped import weighted

COURSE = Course(rounds=5, step=5.0)
EVEN = np.ones(SIZE, np.float32)
SAID = {
    "fruit": ["a ripe apple", "two pears and an apple", "cherries in a bowl"],
    "tools": ["a heavy hammer", "saws and nails", "screws in a box"],
    "sky": ["the moon at night", "stars", "grey clouds"],
}


def unit(text):
    return weighted(features(text), EVEN)


def examples(said=None):
    return [Example(unit(text), label) for label, texts in (said or SAID).items() for text in texts]


@pytest.mark.parametrize(("text", "label"), [("an apple", "fruit"), ("hammer and saws", "tools"), ("clouds", "sky")])
def test_what_shares_words_with_examples_is_recognised(text, label):
    likely = fit(examples(), COURSE).likely(unit(text))
    assert max(likely, key=likely.get) == label
    assert likely[label] > 0.5


def test_what_shares_nothing_is_like_nothing():
    """Every label has the same small share, with three labels as with one."""
    for said in (SAID, {"fruit": SAID["fruit"]}):
        likely = fit(examples(said), COURSE).likely(unit("qqqq"))
        assert set(likely) == set(said)
        assert max(likely.values()) <= 1 / (1 + np.e**2) + 1e-6


def test_examples_of_nothing_push_away():
    """What is told to be of no label is less like every label."""
    known = fit(examples(), COURSE).likely(unit("a box of chocolates"))
    told = fit([*examples(), Example(unit("a box of chocolates"), None)], COURSE).likely(unit("a box of chocolates"))
    assert max(told.values()) < max(known.values())
    assert set(told) == set(SAID)


@given(st.permutations(examples()))
def test_order_makes_no_difference(shuffled):
    """Any order of examples, and so of labels, gives the same table."""
    assert (fit(shuffled, COURSE).table == fit(examples(), COURSE).table).all()


def test_without_labels_there_is_nothing_to_say():
    assert fit([Example(unit("x"), None)], COURSE).likely(unit("x")) == {}


def test_examples_without_a_sign_teach_nothing():
    """An empty example is as good as none."""
    assert (fit([*examples(), Example(unit(" "), "fruit")], COURSE).table == fit(examples(), COURSE).table).all()


@given(st.lists(st.floats(-1000, 1000, width=32), max_size=8))
def test_shares_are_shares(scores):
    """However large the scores: between 0 and 1, together at most 1."""
    likely = open_softmax(np.array(scores, np.float32))
    assert ((likely >= 0) & (likely <= 1)).all()
    assert likely.sum() <= 1 + 1e-5
