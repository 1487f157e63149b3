"""Sizes of models: in names, and as people write them."""

from __future__ import annotations

import pytest

from pointsman.fakes import deployment
from pointsman.model.sizes import billions, size_in, size_of


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("llama-7b", 7.0),
        ("qwen:13b", 13.0),
        ("meta-llama/Llama-2-13b-chat-hf", 13.0),
        ("mixtral-8x7b", 56.0),
        ("qwen2.5:1.5B", 1.5),
        ("gpt-4o", None),
        ("web", None),
        ("a7bc", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_tells_its_size(name, size):
    """The first size in it, as a word of its own."""
    assert size_in(name) == size


@pytest.mark.parametrize(
    ("word", "size"),
    [("13B", 13.0), ("13 b", 13.0), (" 70b ", 70.0), ("500M", 0.5), ("8x7B", 56.0), ("1.5", 1.5)]
    + [(word, None) for word in ("", "B", "-7B", "7G", "7B-13B", "x7b", "1e3")],
)
def test_a_word_may_be_a_size(word, size):
    """Billions unless it says millions; anything else is no size."""
    assert billions(word) == size


def test_what_is_said_counts_before_names():
    """The configuration's word, then the upstream's name, then the public one."""
    assert size_of(deployment("a", "chat-3b", model="llama-8b", size=47.0)) == 47.0
    assert size_of(deployment("a", "chat-3b", model="llama-8b")) == 8.0
    assert size_of(deployment("a", "chat-3b", model="llama")) == 3.0
