"""Upstreams that hang, in every phase. How late they are given up is the scorecard's business."""

from __future__ import annotations

from laboratory.scenarios import hangs

LOSSLESS = tuple(phase for phase in hangs.PHASES if not phase.complete)


async def test_nobody_hangs_with_an_upstream():
    """Every caller is told in time, in whatever phase the upstream falls silent."""
    found = await hangs.alone(1, LOSSLESS)
    assert found.certain == []


async def test_somebody_takes_over():
    """Before the first word of a stream, or anywhere in a whole reply, the fallback answers instead."""
    found = await hangs.with_a_fallback(1, tuple(phase for phase in LOSSLESS if "mid-stream" not in phase.name))
    assert found.certain == []


async def test_one_deadline_holds_over_all():
    """Deployments and fallbacks that hang one after the other share the request's time."""
    found = await hangs.one_deadline(4)
    assert found.certain == []
