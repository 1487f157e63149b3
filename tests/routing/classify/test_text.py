"""Text as readers see it: short enough, and the same however it is dressed up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing.classify.text import bounded, folded


@pytest.mark.parametrize(("dressed", "plain"), [
    ("Write CODE", "write code"),
    ("wri\u200bte co\u2060de", "write code"),
    ("\uff57\uff52\uff49\uff54\uff45", "write"),
    ("caf\u00e9 na\u00efve", "cafe naive"),
    ("cafe\u0301", "cafe"),
    ("\u201cdon\u2019t\u201d", "\"don't\""),
    ("\ufb01nd", "find"),
    ("\u202ewrite\u202c", "write"),
    ("a\ud800b", "ab"),
])  # fmt: skip
def test_what_people_do_not_see_makes_no_difference(dressed, plain):
    """Case, zero-width and direction marks, full-width letters, accents, ligatures, typographic quotes, surrogates."""
    assert folded(dressed) == plain


@given(st.text())
def test_folding_ends(text):
    """A folded text has nothing left to fold."""
    once = folded(text)
    assert folded(once) == once


@given(st.text(max_size=50), st.integers(2, 20))
def test_the_ends_of_a_long_text_are_looked_at(text, most):
    """Never more than so many characters: the first half, a line break, the last half."""
    short = bounded(text, most)
    assert len(short) <= most
    if len(text) <= most:
        assert short == text
    else:
        assert text.startswith(short[: most // 2])
        assert text.endswith(short[most // 2 + 1 :])
        assert short[most // 2] == "\n"
