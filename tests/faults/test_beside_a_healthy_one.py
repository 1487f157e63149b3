"""Every fault of the laboratory with a healthy deployment beside the failing one, played small."""

from __future__ import annotations

import pytest

from laboratory.scenarios import everything

EACH = 6
BOTH = (False, True)


@pytest.mark.parametrize(
    ("faults", "streams"),
    [
        (everything.BEFORE, BOTH),
        (everything.SILENT, (True,)),
        (everything.NETWORK, BOTH),
        (everything.HARMLESS, (True,)),
        (everything.WITHIN, BOTH),
    ],
    ids=["before the first word", "silence", "the network", "bad manners", "mid-answer"],
)
async def test_nobody_notices(faults, streams):
    """Whatever the failing one does, every caller gets the whole answer, once, and no lease is lost."""
    found = await everything.play("", faults, EACH, streams=streams)
    assert found.certain == []
