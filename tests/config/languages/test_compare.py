"""Names that two patterns have in common, and patterns that hold all names of another."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.languages.automaton import Automaton
from pointsman.config.languages.compare import Effort, common, covers, names, shortest


def effort():
    return Effort(5_000)


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        ("^meta-llama/.*", r".*:\d+[bB]$", "meta-llama/:0b"),
        ("^meta-llama/.*", "^mistralai/.*", None),
        (r".*\.gguf$", r".*:\d+[bB]$", None),
        (r".*\.gguf$", "^llama", "llama.gguf"),
        ("^[a-m]+$", "^[n-z]+$", None),
        ("^[a-m]+$", "^[m-z]+$", "m"),
        ("(?i)LLAMA", "qwen", "qwenllama"),
        (".*", "^$", None),
    ],
)
def test_the_shortest_common_name_is_found(one, other, name):
    """Or that there is none; the empty name is none."""
    assert common(Automaton(one), Automaton(other), effort()) == name


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("^meta-llama/.*", "^meta-llama/Llama-2.*", True),
        ("^meta-llama/Llama-2.*", "^meta-llama/.*", False),
        (".*", "^x", True),
        ("llama", "^meta-llama/", True),
        (r"\d", r"^\d{3}$", True),
        ("^(a|b)+$", "^[ab]{2,5}$", True),
        ("^(a|b){2,5}$", "^[ab]+$", False),
        ("(?i)gpt", "^GPT-4$", True),
    ],
)
def test_a_pattern_covers_another_or_does_not(wide, narrow, covered):
    """Whatever they look like."""
    assert covers(Automaton(wide), Automaton(narrow), effort()) is covered


@pytest.mark.parametrize(
    ("pattern", "spelt"),
    [
        ("^a(b|c)$", ["ab", "ac"]),
        ("^[a-c]?x{1,2}$", ["x", "ax", "bx", "cx", "xx", "axx", "bxx", "cxx"]),
        ("^$", []),
        ("^a*$", None),
        ("^a", None),
        ("a$", None),
        ("^a|b$", None),
        ("^.$", None),
        ("^[ab]{5}$", None),
    ],
)
def test_the_names_of_a_pattern_are_spelt_out(pattern, spelt):
    """If they are few: at most ten here."""
    found = names(Automaton(pattern), 10, effort())
    assert (found if found is None else sorted(found)) == (spelt if spelt is None else sorted(spelt))


def test_too_much_to_do_is_no_answer():
    """Neither a common name nor a cover is claimed when the steps are used up."""
    one, other = Automaton("a.{12}$"), Automaton("b.{12}$")
    little = Effort(20)

    assert common(one, other, little) is None
    assert little.spent
    assert not covers(Automaton(".*a"), Automaton("^xa"), little)


PIECES = st.sampled_from(["a", "b", "ab", ".", "[ab]", "a*", "(a|bb)", "b?", "-"])
PATTERNS = st.builds(
    "{}{}{}".format, st.sampled_from(["", "^"]), st.lists(PIECES, max_size=4).map("".join), st.sampled_from(["", "$"])
)


@given(PATTERNS, PATTERNS, st.lists(st.text(alphabet="ab-", min_size=1, max_size=5), min_size=5, max_size=20))
def test_what_is_said_of_two_patterns_is_so(one, other, words):
    """An example matches both; without one no name does; what covers misses nothing."""
    first, second = Automaton(one), Automaton(other)
    found = common(first, second, effort())
    programs = re2.compile(one), re2.compile(other)

    if found is not None:
        assert all(program.search(found) for program in programs)
    else:
        assert not any(all(program.search(name) for program in programs) for name in words)
    if covers(first, second, effort()):
        assert all(programs[0].search(name) for name in words if programs[1].search(name))
    spelt = names(first, 20, effort())
    if spelt is not None:
        assert all(programs[0].search(name) for name in spelt)
        assert {name for name in words if programs[0].search(name)} <= set(spelt)
    short = shortest(first, effort())
    assert (short is None) or programs[0].search(short)
