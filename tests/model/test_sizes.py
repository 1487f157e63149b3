"""Sizes of models: in names, and as people write them."""

from __future__ import annotations

import pytest

from pointsman.fakes import deployment, provider
from pointsman.model.listing import Card
from pointsman.model.sizes import Size, billions, size_in, size_of


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


def test_what_is_said_counts_before_names_and_names_before_lists():
    """The configuration's word, then the upstream's name, then the public one, then what the provider lists."""
    listed = {"at": provider("ollama"), "listed": Card(1.0)}
    assert size_of(deployment("a", "chat-3b", model="llama-8b", size=47.0, **listed)) == Size(47.0)
    assert size_of(deployment("a", "chat-3b", model="llama-8b", **listed)) == Size(8.0)
    assert size_of(deployment("a", "chat-3b", model="llama", **listed)) == Size(3.0)
    assert size_of(deployment("a", "chat", model="llama", **listed)) == Size(1.0, "ollama")
    assert size_of(deployment("a", "chat", model="llama")) is None


@pytest.mark.parametrize(
    ("size", "words"), [(Size(7.0), "7B"), (Size(0.137), "0.137B"), (Size(7.2, "ollama"), "7.2B (from ollama's list)")]
)
def test_a_size_tells_whose_word_it_is(size, words):
    """Where it is a list's."""
    assert str(size) == words


@pytest.mark.parametrize(
    ("context", "card", "told"),
    [
        (None, None, "None"),
        (4096, None, "4096"),
        (None, Card(), "None"),
        (None, Card(context=8192), "8192 (from ollama's list)"),
        (4096, Card(context=8192), "4096"),
    ],
)
def test_a_context_is_the_configuration_s_else_the_list_s(context, card, told):
    """And says whose word it is."""
    assert deployment("a", at=provider("ollama"), context=context, listed=card).window_told == told
