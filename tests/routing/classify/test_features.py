"""Features of a text: the same everywhere, each once, and little changed by repetition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing.classify.features import SIZE, features


def places(text: str) -> set[int]:
    return set(features(text).places.tolist())


@given(st.text())
def test_any_text_has_features(text):
    """Whatever it holds: places within the table, each once and in order, amounts of at least 1."""
    found = features(text)
    assert len(found.places) == len(found.amounts)
    assert (np.diff(found.places) > 0).all()
    assert all(0 <= place < SIZE for place in found.places)
    assert (found.amounts >= 1).all()
    assert found.amounts.dtype == np.float32


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b", "\u0301"])
def test_a_text_without_a_sign_has_none(text):
    """White space and marks that nobody sees are nothing."""
    assert len(features(text).places) == 0


def test_the_hash_is_the_same_in_every_process():
    """Weights learnt elsewhere fit: these places change only with VERSION."""
    assert features("Sort a list").places.tolist() == features("sort  a LIST ").places.tolist()
    assert features("ab 1").places.tolist() == [1937, 6386, 10486, 20076, 21711, 23453]


def test_digits_are_alike_and_white_space_is_one():
    """12 and 97 are the same feature, and so are a space and a line break."""
    assert places("add 12 and 97") == places("add 34\nand  56")
    assert places("add 12") != places("add 123")


def test_order_counts():
    """Pairs of words tell a man who bites a dog."""
    assert places("dog bites man") != places("man bites dog")


def test_repetition_adds_amounts_and_no_features():
    """A word a thousand times is the same features as thrice, and not a thousand times as much."""
    few, many = features("spam " * 3), features("spam " * 1000)
    assert few.places.tolist() == many.places.tolist()
    assert float(many.amounts.max()) < 10


@pytest.mark.parametrize(("text", "parts"), [("你好世界", "你好"), ("👩🚀🐍", "🐍")])
def test_scripts_without_spaces_are_read_sign_by_sign(text, parts):
    """An ideograph or an emoji is a word of its own."""
    assert places(parts[-1]) & places(text)


def test_typing_errors_leave_most_features():
    """Runs of characters survive what whole words do not."""
    right, wrong = places("implement a function"), places("implemnet a function")
    assert len(right & wrong) / len(right | wrong) > 0.5
