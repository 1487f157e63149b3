"""Callers who leave. How fast the upstream is let go is the scorecard's business."""

from __future__ import annotations

from laboratory.scenarios import leaving


async def test_an_upstream_is_let_go_with_its_caller():
    """In whatever phase the caller leaves, the upstream's connection is closed and the lease given back."""
    found = await leaving.play(2)
    assert found.certain == []


async def test_the_line_is_left_too():
    """Who waits for room and leaves is out of the line, and nobody is asked for him."""
    found = await leaving.in_line(4)
    assert found.certain == []


async def test_both_are_let_go():
    """Two deployments at work for one caller are both let go when he leaves."""
    found = await leaving.hedged(4)
    assert found.certain == []
