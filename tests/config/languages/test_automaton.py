"""A pattern's automaton says of every name what RE2 says."""

# ruff: noqa: E501  tables are read row by row
from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.languages.automaton import MATCHED, Automaton
from pointsman.config.languages.expression import Unclear

NAMES = [
    "", "a", "A", "ab", "aab", "b", "llama", "LLaMA-7b", "meta-llama/Llama-2-7b", "qwen:13B", "qwen:13Bx", "x.gguf",
    "xgguf", "a\nb", "é", "0", "_", " ", "a-b", "]", "^", "{2}", "a{2}", "aa", "aaa",
]  # fmt: skip


@pytest.mark.parametrize(
    "pattern",
    [
        "^meta-llama/.*", r".*:\d+[bB]$", r".*\.gguf$", "", "^", "$", "^$", "a|b", "a|", "(a|b)+$", "^(?:a|b)*$", "a{2}",
        "^a{2,3}$", "^a{0}$", "a{,2}", "a{x}", "(?i)llama", "(?i:LL)aMA", "^(?i)a(?-i)b$", "(?s)a.b", "a.b", "^.$",
        "[^a]", "^[^a-z]$", r"^[\w-]+$", r"^\W$", r"\s", r"^\S+$", r"\D$", "[]a]", "[^]a]", "[a^-]", r"^[\]\d]$", "^a*?b$",
        "(?P<n>a)b", "(?<n>a)b", r"\Aa\z", "^é$", "a$|^b", "(^a|b$)", r"\.", r"[.]", "a$b", "^^a$$", r"\-", "x*", "^x*$",
    ],
)  # fmt: skip
def test_it_reads_names_as_re2_does(pattern):
    """Anchors, classes, repetitions, flags and groups."""
    automaton, program = Automaton(pattern), re2.compile(pattern)

    assert [automaton.matches(name) for name in NAMES] == [program.search(name) is not None for name in NAMES]


@pytest.mark.parametrize(
    "pattern",
    [r"\bgpt", r"\pN", "[[:alpha:]]", "(?m)^a", r"\Qa\E", r"\x41", "(?i)é", "(?:a{100}){100}", "(" * 60 + ")" * 60],
)
def test_what_is_not_understood_is_refused(pattern):
    """Better no answer than a wrong one."""
    with pytest.raises(Unclear):
        Automaton(pattern)


ATOMS = st.sampled_from(["a", "b", "B", ".", "-", r"\d", r"\w", "[ab]", "[^a]", "[a-c0]", "^", "$", r"\.", "(?i:b)"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds("".join, st.lists(inner, max_size=3))
        | st.builds("({}|{})".format, inner, inner)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"]))
    ),
    max_leaves=8,
)
TEXTS = st.text(alphabet="abB-.07\n", max_size=6)


@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=8))
def test_any_pattern_reads_any_name_as_re2_does(pattern, names):
    """The names that end nowhere special too. (That the empty name matches is nobody's question.)"""
    try:
        program = re2.compile(pattern)
    except re2.error:
        return
    automaton = Automaton(pattern)

    for name in filter(None, names):
        assert automaton.matches(name) == (program.search(name) is not None), (pattern, name)


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("^meta-llama/.*", "meta-llama/"), ("^ab?c", "a"), ("^ab$", "ab"), ("ab", ""), ("^(ab|ac)d", "a"), ("^[ab]c", ""), ("^a*", "")],
)  # fmt: skip
def test_the_beginning_that_is_spelled_out_is_known(pattern, prefix):
    """Names that match begin with it."""
    assert Automaton(pattern).prefix == prefix


def test_what_takes_every_name_is_known_at_once():
    """Before the first character."""
    assert [Automaton(p).start == MATCHED for p in ("", ".*", "^.*", "a*", "^a", ".+")] == [True] * 4 + [False] * 2
