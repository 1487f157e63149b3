"""Words as patterns: whole words, whatever their case, in any writing."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.phrases import is_phrase, phrase


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("add", "Please ADD it."),
        ("add", "add"),
        ("who is", "Who  is\nthat?"),
        ("don't", "DON'T"),
        ("c++", "in C++, please"),
        (".net", "a .NET service"),
        ("öffne", "Bitte Öffne das Tor"),
        ("café", "un café, vite"),
        ("天气", "今天天气怎么样"),
        ("follow-up", "a Follow-up mail"),
    ],
)
def test_a_phrase_is_found_as_whole_words(words, text):
    """Without case; blanks between its words are any blanks."""
    assert re2.search(phrase(words), text) is not None


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("add", "my address"),
        ("add", "madden"),
        ("who is", "who else is"),
        ("öffne", "eröffne"),
        ("café", "cafés"),
        ("update", "updates"),
    ],
)
def test_a_phrase_is_not_found_inside_of_words(words, text):
    """Nor with other words between its own."""
    assert re2.search(phrase(words), text) is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("add", True),
        ("last time", True),
        ("don't", True),
        ("^add", False),
        ("a.b", False),
        ("c++", False),
        ("-", False),
    ],
)
def test_only_words_are_a_phrase(pattern, expected):
    """Whatever means something in a regular expression is one."""
    assert is_phrase(pattern) is expected


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip()))
def test_any_text_makes_a_pattern_that_finds_it(text):
    """RE2 takes it, and it is found where it stands alone."""
    assert re2.search(phrase(text), text.strip()) is not None
