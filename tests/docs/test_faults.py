"""docs/faults.md names the scenarios there are."""

from __future__ import annotations

import re
from pathlib import Path

from laboratory.scenarios import table

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()


def test_the_page_has_every_scenario():
    """Its table has a row for each, in the order in which they are played."""
    assert re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE) == [scenario.name for scenario in table()]
