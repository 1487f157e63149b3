"""Spellings of strategies. The canonical names are the keys of ``pointsman.routing.strategies.STRATEGIES``."""

from __future__ import annotations

from pointsman.config.words import words

DEFAULT = "simple-shuffle"

CANONICAL = ("simple-shuffle", "round_robin", "least_loaded")

ALIASES: dict[str, str] = {
    "simple_shuffle": "simple-shuffle",
    "shuffle": "simple-shuffle",
    "random": "simple-shuffle",
    "weighted": "simple-shuffle",
    "round-robin": "round_robin",
    "roundrobin": "round_robin",
    "least-loaded": "least_loaded",
    "leastloaded": "least_loaded",
    "least-busy": "least_loaded",
    "least_busy": "least_loaded",
    "leastbusy": "least_loaded",
}

NOT_YET = words(
    """
    usage-based-routing usage-based-routing-v2 usage_based usage-based latency-based-routing latency-based
    latency_based cost-based-routing cost-based lowest-cost lowest_cost lowestcost fastest_response
    fastest-response fastestresponse load_balance load-balance loadbalance most_capacity most-capacity
    performance affinity hybrid p2c-ewma p2c_ewma prefix_affinity prefix-affinity priority order bandit lar1
    provider-budget-routing
    """
)
"""Known to LiteLLM or to the documents, and not built yet."""

KNOWN = (*CANONICAL, *ALIASES, *sorted(NOT_YET))


def canonical(word: str) -> str | None:
    """The name of the strategy that ``word`` means; None if this version has none."""
    folded = word.strip().casefold()
    return folded if folded in CANONICAL else ALIASES.get(folded)


def not_yet(word: str) -> bool:
    """True for a strategy that is known but not built."""
    return word.strip().casefold() in NOT_YET
