"""The moment when a deployment that rested may be tried again."""

from __future__ import annotations

import pytest

from laboratory.scenarios import herd


@pytest.mark.parametrize("recovers", [True, False])
async def test_one_of_a_herd_tries_it(recovers):
    """Of two hundred callers at once a single one meets the deployment that may have recovered."""
    found = await herd.half_open(200, recovers=recovers)
    assert found.certain == []


async def test_in_need_one_at_a_time_is_tried():
    """Where everybody rests, of two hundred callers one tries and the others hear when to come again."""
    found = await herd.in_need(200)
    assert found.certain == []
