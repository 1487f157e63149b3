"""Answers that break off at every token, in every way."""

from __future__ import annotations

import pytest

from laboratory.callers import TOKENS
from laboratory.scenarios import cuts


@pytest.mark.parametrize("fallback", ["diverging", "other"])
async def test_a_part_is_never_presented_as_the_whole(fallback):
    """Where the fallback says something else: no word twice, none out of place, and an error at the end of a part."""
    found = await cuts.play(len(cuts.BREAKS) * TOKENS, fallback)
    assert found.certain == []
