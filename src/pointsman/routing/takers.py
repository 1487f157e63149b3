"""Who takes a name: what the configuration says of it beside its deployments, and of names that nobody lists."""

from __future__ import annotations

from pointsman.config.settings import ExactMatch, Pattern, SizeRule
from pointsman.routing.topology import Topology


def rule_for(name: str, topology: Topology) -> ExactMatch | Pattern | SizeRule | None:
    """Its exact entry; of a name that nobody lists the first pattern that matches, else the first range that holds its
    size.
    """
    rule = topology.exact.get(name)
    if rule is not None or topology.serving(name):
        return rule
    found = topology.patterns.first(name)
    if found is not None or not topology.sizes:
        return found
    known = topology.size_of(name)
    return range_of(known.billions, topology) if known is not None else None


def taker(name: str, topology: Topology) -> str | None:
    """The provider that is asked for a name that nobody lists, as it is: its rule's, else the default provider."""
    if topology.serving(name):
        return None
    rule = rule_for(name, topology)
    return rule.provider if rule is not None else topology.default_provider


def range_of(billions: float, topology: Topology) -> SizeRule | None:
    """The first range that holds a size."""
    return next((rule for rule in topology.sizes if holds(rule, billions)), None)


def holds(rule: SizeRule, billions: float) -> bool:
    """Is the size in the rule's range?"""
    enough = billions > rule.least if rule.above else billions >= rule.least
    return enough and (billions < rule.most if rule.below else billions <= rule.most)
