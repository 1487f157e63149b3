"""Answers that break off at every token, in every way."""

from __future__ import annotations

import pytest

from laboratory.callers import TOKENS
from laboratory.scenarios import cuts


@pytest.mark.parametrize("fallback", cuts.FALLBACKS)
async def test_a_part_is_never_presented_as_the_whole(fallback):
    """No word twice, none out of place, an error at the end of a part; and whoever can be rescued is."""
    found = await cuts.play(len(cuts.BREAKS) * TOKENS, fallback)
    assert found.certain == []
