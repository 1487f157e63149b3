"""Replies that end after any number of bytes."""

from __future__ import annotations

from laboratory.scenarios import broken_bytes


async def test_a_reply_that_ends_anywhere_is_told():
    """Wherever the connection ends, a caller has all of the answer or an error, whoever speaks."""
    found = await broken_bytes.ending(41)
    assert found.certain == []
