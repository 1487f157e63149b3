"""What an answer of another provider took, as Anthropic counts it."""

from __future__ import annotations

import pytest

from pointsman.fronts.anthropic.answer import usage_told
from pointsman.model.outcome import PromptDetails, Usage


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        (None, (100, 0, 0)),
        (PromptDetails(30), (70, 0, 30)),
        (PromptDetails(30, 50), (20, 50, 30)),
        (PromptDetails(0, cache_write_tokens=50), (50, 50, 0)),
        (PromptDetails(80, 50), (0, 20, 80)),
        (PromptDetails(500, 50), (0, 0, 100)),
    ],
)
def test_what_a_cache_gave_and_took_is_counted_apart(details, counts):
    """All of them together are the prompt, whatever the server says."""
    told = usage_told(Usage(100, 7, 107, details))
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    assert tuple(told[name] for name in names) == (*counts, 7)
