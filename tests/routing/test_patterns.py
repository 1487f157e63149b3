"""Patterns: one search for all of them finds what one after the other would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Pattern
from pointsman.errors import ConfigurationError
from pointsman.routing import patterns
from pointsman.routing.patterns import LONGEST, LONGEST_AT_ONCE, Patterns

PIECES = st.sampled_from(
    ["a", "b", "^a", "b$", ".", "a+", "[ab]c", "(?i)A", "ab|c", "", "^$", r"\d+[bB]$", "é", "x{2,3}"]
)
NAMES = st.text(alphabet="abcABx1é:/", max_size=12) | st.text(max_size=150)


def of(*texts: str) -> Patterns:
    return Patterns(tuple(Pattern(text, f"p{n}") for n, text in enumerate(texts)))


@given(st.lists(PIECES, max_size=8), NAMES)
def test_together_they_find_what_they_find_one_by_one(texts, name):
    """The first listed one that is found anywhere in the name."""
    made = of(*texts)
    expected = next(
        (rule for rule, program in zip(made.rules, made._programs, strict=True) if program.search(name)), None
    )
    assert made.first(name) == expected


@pytest.mark.parametrize("length", [LONGEST_AT_ONCE - 1, LONGEST_AT_ONCE, LONGEST_AT_ONCE + 1, LONGEST])
def test_a_long_name_is_searched_too(length):
    """Up to the longest that anybody could mean."""
    assert of("^b", "a$", "a").first("x" * (length - 1) + "a").pattern == "a$"


def test_the_longest_names_match_nothing():
    """A search stays cheap, whatever is asked for."""
    assert of(".").first("a" * (LONGEST + 1)) is None


def test_without_patterns_nothing_is_found():
    """Nor searched."""
    assert (of().first("a"), len(of())) == (None, 0)


def test_patterns_that_are_too_many_for_one_search_are_tried_one_by_one(monkeypatch):
    """The answer is the same."""
    monkeypatch.setattr(patterns, "MEMORY", 2_000)
    made = of("^(abc|def){20}$", *(f"^{n}[a-z]{{1,50}}x" for n in range(50)), "b")
    assert made._all is None
    assert (made.first("7abcx").pattern, made.first("b").pattern, made.first("z")) == ("^7[a-z]{1,50}x", "b", None)


def test_a_pattern_that_re2_does_not_take_is_named():
    """Before anything starts."""
    with pytest.raises(ConfigurationError, match=r"pattern '\(\?=a\)'"):
        of("a", "(?=a)")
