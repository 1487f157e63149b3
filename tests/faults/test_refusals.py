"""Prompts that are too long or may not be asked, refused in the words of eight servers."""

from __future__ import annotations

from laboratory.scenarios import refusals


async def test_fallbacks_for_the_cause_serve_everybody():
    """Whoever refuses, in whatever words, the fallback for that cause answers, and nobody is asked twice."""
    found = await refusals.turned(2)
    assert found.certain == []


async def test_without_them_the_cause_is_told():
    """It is the request's own fault: told as such, asked once, held against nobody."""
    found = await refusals.told(2)
    assert found.certain == []
