"""docs/concepts/task-router.md has the bandit's ways and figures."""

from __future__ import annotations

from docs.pages import page, section
from pointsman.library.bandit import FEW, OUTSIDE, OWN, WAYS
from pointsman.library.regret import SHRINK
from pointsman.state.arm import HOPE, WORTH
from pointsman.state.arms import HALF_LIFE

BANDIT = " ".join(section(page("docs/concepts/task-router.md"), "## Bandit").split())


def test_the_ways_are_those_it_chooses_among():
    strategies = [f"`{way.removeprefix('strategy:')}`" for way in WAYS if way != OWN]
    assert f"1. a way: {', '.join(strategies)}, or its own choice;" in BANDIT


def test_the_figures_are_those_of_the_code():
    """Rewards, fading, large pools, and what estimates have on credit."""
    assert f"success {WORTH} + {1 - WORTH} \u00d7 usual ÷ (usual + seconds)" in BANDIT
    assert f"a success at the usual pace pays {HOPE}" in BANDIT
    assert f"half after {HALF_LIFE:g}." in BANDIT
    assert f"more than {FEW} models the {FEW} that paid best take part" in BANDIT
    assert f"in one of {1 / OUTSIDE:g} draws one of the others" in BANDIT
    assert SHRINK == 5
    assert "with five results of the category's average on credit" in BANDIT
