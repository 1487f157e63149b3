"""How large simulated models say they are."""

from __future__ import annotations

import pytest

from pointsman.mock.parameters import EMBEDDER, human, parameters_of


@pytest.mark.parametrize(
    ("model", "told", "parameters"),
    [
        ("qwen2.5:7b", 0.0, 7 * 10**9),
        ("tiny-135M", 0.0, 135 * 10**6),
        ("llama3.2:latest", 0.0, 3),
        ("nomic-embed-text", 0.0, EMBEDDER),
        ("qwen2.5:7b", 7.6, 7_600_000_000),
    ],
)
def test_a_model_is_as_large_as_it_is_told_or_called(model, told, parameters):
    """What the options say counts before its name, and that before what is usual."""
    assert parameters_of(model, told, usual=3) == parameters


@pytest.mark.parametrize(
    ("parameters", "words"),
    [(7_615_616_512, "7.6B"), (70 * 10**9, "70B"), (EMBEDDER, "136.73M"), (22 * 10**6, "22M"), (17, "17")],
)
def test_sizes_are_printed_as_ollama_does(parameters, words):
    """One digit for billions, two for millions, none for whole ones."""
    assert human(parameters) == words
