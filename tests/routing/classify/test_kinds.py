"""The nearest category: the most alike of those near enough, and of equals the first by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Category
from pointsman.routing.classify.kinds import THRESHOLDS, Kind, kinds_of, nearest

AB = (Kind("a"), Kind("b"))


@pytest.mark.parametrize(("scores", "kinds", "label", "told"), [
    ({"a": 0.9, "b": 0.2}, AB, "a", "a 0.90, then b 0.20; 0.50 is near enough"),
    ({"a": 0.2, "b": 0.4}, AB, None, "b 0.40, then a 0.20; 0.50 is near enough"),
    ({"a": 0.6, "b": 0.6}, AB, "a", "a 0.60, then b 0.60; 0.50 is near enough"),
    ({"a": 0.9, "b": 0.6}, (Kind("a", threshold=0.95), Kind("b")), "b", "b 0.60, then a 0.90; 0.50 is near enough"),
    ({"a": 0.1, "b": 0.2}, (Kind("a", threshold=0.0), Kind("b")), "a", "a 0.10, then b 0.20; 0.00 is near enough"),
    ({"a": 0.0}, (Kind("a", threshold=0.0),), None, "a 0.00; 0.00 is near enough"),
    ({}, (), None, ""),
])  # fmt: skip
def test_the_most_alike_that_is_near_enough_wins(scores, kinds, label, told):
    """Its own threshold counts more than the common one, 0 is a threshold, and what is like nothing has no winner."""
    found = nearest(scores, kinds, 0.5)
    assert (found.label, found.told) == (label, told)


@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1)), st.floats(0, 1), st.randoms())
def test_order_makes_no_difference(scores, threshold, chance):
    """Of the scores and of the categories."""
    listed = list(scores)
    chance.shuffle(listed)
    mixed = nearest({name: scores[name] for name in listed}, [Kind(name) for name in listed], threshold)
    assert mixed == nearest(scores, [Kind(name) for name in scores], threshold)
    assert mixed.label is None or scores[mixed.label] == max(scores.values()) >= threshold


def test_a_category_is_its_examples_and_its_description():
    category = Category("a", "m", ("x", "y"), ("k",), 0.7, "about z")
    assert kinds_of([category, Category("b", "m")]) == (Kind("a", ("x", "y", "about z"), ("k",), 0.7), Kind("b"))


def test_every_encoder_has_its_threshold():
    """Between nothing and all."""
    assert set(THRESHOLDS) == {"lexical", "sentence-transformers", "model2vec", "http"}
    assert all(0 < threshold < 1 for threshold in THRESHOLDS.values())
