"""Callers who leave. How fast the upstream is let go is the scorecard's business."""

from __future__ import annotations

from laboratory.scenarios import leaving


async def test_an_upstream_is_let_go_with_its_caller():
    """In whatever phase the caller leaves, the upstream's connection is closed and the lease given back."""
    found = await leaving.play(2)
    assert found.certain == []
