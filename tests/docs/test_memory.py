"""docs/concepts/memory.md has the figures of the code."""

from __future__ import annotations

from docs.pages import code, page, section, table
from pointsman.model.view import Standing
from pointsman.state import results

PAGE = page("docs/concepts/memory.md")
RESULTS = section(PAGE, "## Results")


def test_the_figures_are_those_of_a_standing():
    """Each one, in the order in which it is written."""
    assert tuple(code(row[0])[0] for row in table(RESULTS)) == Standing.__struct_fields__


def test_the_window_is_as_large_and_as_long_as_it_says():
    """How many, how long, what weighs half, when figures are made."""
    told = " ".join(RESULTS.split())
    assert f"the last {results.MOST} results are kept, for at most {results.LONGEST:g} s" in told
    assert f"One that is {results.HALF_LIFE:g} s old weighs half" in told
    assert f"to 1/e in {results.DECAY:g} s" in told
    assert f"from {results.EVERY} new results on, when they are {results.RENEWED:g} s old" in told
    assert f"no result for {results.LONGEST:g} s is unseen again" in told
