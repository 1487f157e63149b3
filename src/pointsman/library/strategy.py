"""The strategies by name, for programs: the core's own words, and every spelling that its configuration takes."""

from __future__ import annotations

from enum import StrEnum

from pointsman.config.nearest import near
from pointsman.config.strategies import CANONICAL, canonical
from pointsman.errors import UnknownStrategy


class Strategy(StrEnum):
    """How a model is picked. The value is the name in configurations; docs/concepts/strategies.md tells of each."""

    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    RANDOM = "random"
    PERFORMANCE = "performance"
    AFFINITY = "affinity"
    HYBRID = "hybrid"
    BANDIT = "bandit"
    SIMPLE_SHUFFLE = "simple-shuffle"
    PRIORITY = "priority"
    P2C_EWMA = "p2c-ewma"
    USAGE_BASED = "usage_based"
    USAGE_BASED_ROUTING = "usage-based-routing"
    FASTEST_RESPONSE = "fastest_response"
    LATENCY_BASED_ROUTING = "latency-based-routing"
    LOWEST_COST = "lowest-cost"
    MOST_CAPACITY = "most_capacity"
    PREFIX_AFFINITY = "prefix_affinity"
    LEAST_UTILIZATION = "least-utilization"


OWN = "bandit"
"""The one that is the library's and not the core's: it learns from recorded results which of the others to go by."""

_BY_VALUE = {each.value: each for each in Strategy}


def strategy_of(word: Strategy | str) -> Strategy:
    """The strategy that is meant, in any spelling (``StrategyRoundRobin``, ``least-loaded``). Raises
    UnknownStrategy.
    """
    if isinstance(word, Strategy):
        return word
    if isinstance(word, str):
        found = canonical(word) or (OWN if word.strip().casefold() in (OWN, "strategybandit") else None)
        if found is not None:
            return _BY_VALUE[found]
        meant = near(word, _BY_VALUE)
        hint = f"; did you mean {meant!r}?" if meant is not None else "."
    else:
        hint = "."
    raise UnknownStrategy(
        f"{word!r:.80} is no strategy{hint} There are: {', '.join((*CANONICAL, OWN))}", param="strategy"
    )
