"""Upstreams that are down for long."""

from __future__ import annotations

from laboratory.scenarios import outage


async def test_a_dead_deployment_is_left_alone():
    """A minute of requests beside one that fails them all: no caller hears of it, and it is hardly asked."""
    found = await outage.beside_a_healthy_one(60, 10, real=False)
    assert found.certain == []


async def test_an_outage_of_everybody_is_not_made_worse():
    """Once things have settled, upstreams are asked about once for each request, and every caller is told."""
    found = await outage.everywhere(2, 1, 50)
    assert found.certain == []
