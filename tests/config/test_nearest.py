"""What a mistyped word was meant to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.nearest import distance, near

KEYS = ("rpm", "tpm", "weight", "api_base", "model", "timeout")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("rmp", "rpm"),
        ("wieght", "weight"),
        ("api_bass", "api_base"),
        ("api-base", "api_base"),
        ("TIMEOUT", "timeout"),
        ("modle", "model"),
        ("temperature", None),
        ("top_k", None),
        ("x", None),
        ("", None),
        ("r" * 1000, None),
    ],
)
def test_a_slip_of_the_pen_is_recognised(word, meant):
    """One or two wrong letters lead to the key; an unrelated word leads nowhere."""
    assert near(word, KEYS) == meant


@given(st.text(max_size=8), st.text(max_size=8))
def test_distance_is_symmetric(one, other):
    """It is as far from one word to the other as back."""
    assert distance(one, other) == distance(other, one)


@given(st.text(max_size=8), st.text(max_size=8))
def test_distance_is_bounded(one, other):
    """A distance is nought for equal words only, and never more than the longer word's length."""
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, other) <= max(len(one), len(other))


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(0, 9))
def test_a_bound_changes_no_distance_within_it(one, other, most):
    """Up to the bound the distance is exact, beyond it is more than the bound."""
    whole, bounded = distance(one, other), distance(one, other, most)
    assert bounded == whole if whole <= most else bounded > most


@given(st.text(min_size=2, max_size=8), st.integers(min_value=0, max_value=6))
def test_two_neighbours_swapped_are_one_step(word, at):
    """Swapping two letters that stand together costs one."""
    at %= len(word) - 1
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    assert distance(word, swapped) <= 1
