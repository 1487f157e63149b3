"""What goes wrong inside without anybody noticing is noticed here."""

from __future__ import annotations

import pytest

from laboratory.rig import mishaps


@pytest.fixture(autouse=True)
async def nothing_inside():
    """No callback of the event loop may raise, whatever the test does to the gateway."""
    with mishaps() as heard:
        yield
    assert heard == []
