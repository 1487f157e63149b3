"""Which names are suggested for one that is not served: what a reader would take for a slip, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.routing import near
from pointsman.routing.near import near_names

SERVED = (
    "gpt-4o-mini",
    "gpt-4o",
    "llama3:70b",
    "llama3.1:8b",
    "mistralai/Mistral-7B-Instruct-v0.3",
    "qwen2.5-coder:7b",
    "text-embedding-3-small",
    "claude-3-5-sonnet",
    "small",
    "gemma3:4b",
    "phi-3-mini.gguf",
    "m",
)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("gpt-4o-mimi", "gpt-4o-mini"),
        ("gtp-4o", "gpt-4o"),
        ("gpt4o", "gpt-4o"),
        ("GPT_4O_Mini", "gpt-4o-mini"),
        ("smal", "small"),
        ("small5", "small"),
        ("quen2.5-codr:7b", "qwen2.5-coder:7b"),
        ("txt-embeding-3-smal", "text-embedding-3-small"),
    ],
)
def test_a_typo_of_a_few_letters_is_recognised(asked, meant):
    """Dropped, added, changed or swapped letters, another case, other punctuation: up to three in a long name."""
    assert near_names(asked, SERVED)[0] == meant


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("llama3:8b", {"llama3:70b", "llama3.1:8b"}),
        ("lama3:8b", {"llama3:70b", "llama3.1:8b"}),
        ("gemma3:27b-it-q4_K_M", {"gemma3:4b"}),
        ("qwen2.5-coder", {"qwen2.5-coder:7b"}),
        ("gpt", {"gpt-4o", "gpt-4o-mini"}),
        ("claude-3-5-sonnet-20241022", {"claude-3-5-sonnet"}),
        ("Mistral-7B-Instruct", {"mistralai/Mistral-7B-Instruct-v0.3"}),
        ("ollama/gemma3:4b", {"gemma3:4b"}),
        ("phi-3-mini", {"phi-3-mini.gguf"}),
    ],
)
def test_another_tag_ending_or_place_is_recognised(asked, meant):
    """The same family with more or less behind it, or before it."""
    assert set(near_names(asked, SERVED)) == meant


@pytest.mark.parametrize(
    "asked",
    [
        "whisper-1",
        "gemini-pro",
        "totally-different",
        "stranger",
        "nobody",
        "text-davinci-003",
        "phi-4",
        "dall-e-3",
        "bert",
        "x",
        "",
        "---",
        "mistralai/",
        "mistralai/other",
        "x" * 10_000,
    ],
)
def test_a_name_that_is_simply_different_has_none(asked):
    """Half of the letters in common is no slip of anybody's."""
    assert near_names(asked, SERVED) == []


def test_the_nearest_comes_first_and_three_are_enough():
    """Fewer slips before more, any slip before another ending."""
    names = ("orca-3-extra-large", "orca-3-large", "orca-22b", "orca-2")
    assert near_names("orca-3", names) == ["orca-2", "orca-3-large", "orca-3-extra-large"]


def test_however_many_names_there_are_a_hundred_are_compared(monkeypatch):
    """A name that nobody knows costs little, also over thousands of names that are like it."""
    compared = []
    distance = near.distance
    monkeypatch.setattr(near, "distance", lambda *words: compared.append(words) or distance(*words))
    assert near_names("llama3-insruct-77:9b", tuple(f"llama3-instruct-{n}:8b" for n in range(5000)))
    assert len(compared) <= 2 * near.MOST_COMPARED


@given(st.lists(st.text(max_size=120), max_size=50, unique=True), st.text(max_size=500))
def test_near_names_are_names_that_exist(names, asked):
    """At most three, all of them listed, none twice."""
    found = near_names(asked, tuple(names))
    assert len(found) <= 3
    assert set(found) <= set(names)
    assert len(set(found)) == len(found)


@given(st.text("abcdefgh", min_size=12, max_size=30), st.integers(0, 11), st.sampled_from(["drop", "change", "add"]))
def test_one_slip_anywhere_in_a_long_name_is_recognised(name, at, way):
    """Whichever letter it is."""
    slipped = name[:at] + {"drop": "", "change": "x", "add": "x" + name[at]}[way] + name[at + 1 :]
    assert near_names(slipped, ("other", name)) == [name]
