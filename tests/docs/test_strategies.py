"""docs/concepts/strategies.md speaks of the strategies there are, with the figures of the code."""

from __future__ import annotations

import re

from docs.pages import code, page, section, table
from pointsman.config.settings import Weights
from pointsman.routing import merits, prices, rendezvous
from pointsman.routing.strategies import STRATEGIES, hybrid, usage_based
from pointsman.state import results

PAGE = page("docs/concepts/strategies.md")


def test_every_strategy_is_told_of():
    """Each by its canonical name; and what is recommended exists."""
    assert set(STRATEGIES) <= set(code(PAGE))
    for row in table(section(PAGE, "## Which one")):
        assert set(code(row[1])) <= set(STRATEGIES)


def test_the_figures_are_those_of_the_code():
    """Weights, floors, bounds and shares."""
    weights = Weights()
    assert re.findall("(0[.][0-9]) \N{MULTIPLICATION SIGN}", PAGE) == [
        str(weights.latency),
        str(weights.success_rate),
        str(weights.cost),
    ]
    assert f"{usage_based.EXPLORING:.0%} of requests".replace("%", " %") in PAGE
    assert (usage_based.LEAST_SECONDS, usage_based.LEAST_DOLLARS) == (0.001, 0.01)
    assert (merits.CARE, merits.NEAR) == (4, 0.9)
    assert f"more than {rendezvous.BOUND} times its share" in PAGE
    assert f"an answer has {prices.USUAL_COMPLETION} tokens" in PAGE
    assert f"at least {hybrid.ENOUGH} results, and nobody scores more than twice" in PAGE
    assert (hybrid.WORTH_MOVING, results.LONGEST, results.EVERY) == (2.0, 3600.0, 10)
