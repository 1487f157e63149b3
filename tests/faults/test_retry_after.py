"""What upstreams say of when to come again."""

from __future__ import annotations

from laboratory.scenarios import retry_after


async def test_nobody_comes_earlier_than_told():
    """Seconds, fractions, dates, milliseconds, nonsense: a refusal in good form, and no question before the time."""
    found = await retry_after.fuzz(120)
    assert found.certain == []


async def test_short_waits_are_waited_for():
    """A second attempt at the same deployment comes when it was told to."""
    found = await retry_after.waited_for(5)
    assert found.certain == []
