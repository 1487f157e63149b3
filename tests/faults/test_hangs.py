"""Upstreams that hang, in every phase. How late they are given up is the scorecard's business."""

from __future__ import annotations

from laboratory.scenarios import hangs


async def test_nobody_hangs_with_an_upstream():
    """Every caller is told in time, in whatever phase the upstream falls silent."""
    found = await hangs.alone(1)
    assert found.certain == []


async def test_somebody_takes_over():
    """The fallback answers instead, or goes on where the answer fell silent."""
    found = await hangs.with_a_fallback(1)
    assert found.certain == []


async def test_one_deadline_holds_over_all():
    """Deployments and fallbacks that hang one after the other share the request's time."""
    found = await hangs.one_deadline(4)
    assert found.certain == []
