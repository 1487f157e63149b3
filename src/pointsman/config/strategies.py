"""Spellings of strategies, in one table. The canonical names are the keys of ``routing.strategies.STRATEGIES``.

Upper case, hyphens, underscores and spaces make no difference: ``Least Loaded`` is ``least_loaded``. What differs by
more than that stands in ALIASES: LiteLLM's names, the documents' and the constants of the Go router.
"""

from __future__ import annotations

from pointsman.config.findings import Path, Report
from pointsman.config.words import words

DEFAULT = "simple-shuffle"

CANONICAL = (
    "simple-shuffle",
    "round_robin",
    "random",
    "priority",
    "least_loaded",
    "p2c-ewma",
    "usage_based",
    "usage-based-routing",
    "fastest_response",
    "latency-based-routing",
    "performance",
    "lowest-cost",
    "most_capacity",
    "affinity",
    "hybrid",
    "prefix_affinity",
    "least-utilization",
)

BY_WEIGHT = frozenset({"simple-shuffle", "random", "round_robin", "affinity", "prefix_affinity"})
"""Those that heed a deployment's ``weight``."""

ALIASES: dict[str, str] = {
    "shuffle": "simple-shuffle",
    "weighted": "simple-shuffle",
    "StrategyRandom": "random",
    "StrategyRoundRobin": "round_robin",
    "load_balance": "round_robin",
    "load_balancing": "round_robin",
    "least-busy": "least_loaded",
    "StrategyLeastLoaded": "least_loaded",
    "usage-based-routing-v1": "usage-based-routing",
    "usage-based-routing-v2": "usage-based-routing",
    "fastest": "fastest_response",
    "latency-based": "latency-based-routing",
    "lowest-latency": "latency-based-routing",
    "cost-based-routing": "lowest-cost",
    "cost-based": "lowest-cost",
    "cheapest": "lowest-cost",
    "performance-based": "performance",
    "StrategyPerformance": "performance",
    "affinity-based": "affinity",
    "StrategyAffinity": "affinity",
    "StrategyHybrid": "hybrid",
    "p2c": "p2c-ewma",
    "peak-ewma": "p2c-ewma",
    "prefix-hash": "prefix_affinity",
    "order": "priority",
    "resource": "least-utilization",
    "least_utilized": "least-utilization",
}

NOT_YET = words("bandit lar1 provider-budget-routing")
"""Known to LiteLLM or to the documents, and not built yet."""

KNOWN = (*CANONICAL, *ALIASES, *sorted(NOT_YET))


def _folded(word: str) -> str:
    return "".join(word.split()).casefold().replace("-", "").replace("_", "")


_NAMES = {_folded(name): name for name in (*CANONICAL, *NOT_YET)} | {_folded(a): name for a, name in ALIASES.items()}


def canonical(word: str) -> str | None:
    """The name of the strategy that ``word`` means; None if this version has none."""
    name = _NAMES.get(_folded(word))
    return name if name in CANONICAL else None


def not_yet(word: str) -> bool:
    """True for a strategy that is known but not built."""
    return _NAMES.get(_folded(word)) in NOT_YET


def read(word: str, path: Path, report: Report) -> str | None:
    """The strategy that a configuration names; None with a finding if this version has none of that name."""
    found = canonical(word)
    if found is None and not_yet(word):
        report.warning(path, f"strategy {{}} is not in this version, {DEFAULT} is used instead", word)
    elif found is None:
        report.unknown("error", path, "unknown strategy {}", word, KNOWN, ", ".join(CANONICAL))
    return found
