"""Rules that no request can reach, chains that lead nowhere, fallbacks that are none, shares that share nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pointsman.config.facts import provider_of
from pointsman.config.findings import Path
from pointsman.config.implied import implies, never
from pointsman.config.possible import odds
from pointsman.config.remarks import Remark
from pointsman.config.settings import FallbackChain, Settings, SizeRule
from pointsman.model.condition import ALWAYS, Condition, Node, facts_of

End = tuple[float, int]
"""An end of a range of sizes: the size, and 1 or -1 if the range begins just above or ends just below it."""


MAX_PAIRS = 20_000
"""Metadata rules that are compared with those before them: less than a second."""


def unreachable_metadata(settings: Settings) -> Iterator[Remark]:
    """Rules whose condition can't hold, or holds only when one before does."""
    earlier: dict[str, Node] = {}
    pairs = 0
    for rule in settings.metadata:
        path = ("request_metadata_routing", rule.name, "condition")
        alone = impossible(rule.condition, path)
        if alone is not None:
            yield alone
            continue
        among = islice(earlier.items(), max(MAX_PAIRS - pairs, 0))
        before = next((name for name, node in among if implies(rule.condition.root, node)), None)
        pairs += len(earlier)
        if before is not None:
            yield Remark("warning", path, "is never reached: whenever it holds, rule {} before does too", (before,))
        elif implies(ALWAYS.root, rule.condition.root) and (settings.exact or settings.patterns or settings.sizes):
            yield Remark("info", path, "always holds: other rules matter only for what this provider does not serve")
        earlier[rule.name] = rule.condition.root
    if pairs > MAX_PAIRS:
        yield Remark("info", ("request_metadata_routing",), "are too many to be compared all with each other")


def impossible(condition: Condition | None, path: Path) -> Remark | None:
    """A remark if no request can meet the condition, with the fact that can't be so where it is one."""
    blamed = odds(condition.root) if condition is not None else None
    if blamed is None:
        return None
    if len(blamed) != 1:
        return Remark("warning", path, "can't hold for any request")
    return Remark("warning", path, "can't hold for any request: {} is never as it says", tuple(blamed))


def unreachable_sizes(settings: Settings) -> Iterator[Remark]:
    """Ranges of which every size goes to rules before."""
    for index, rule in enumerate(settings.sizes):
        if _covered(rule, settings.sizes[:index]):
            text = "is never reached: every size in it goes to rules before"
            yield Remark("warning", ("model_size_routing", index, "size"), text)


def _ends(rule: SizeRule) -> tuple[End, End]:
    return (rule.least, int(rule.above)), (rule.most, -int(rule.below))


def _covered(rule: SizeRule, before: tuple[SizeRule, ...]) -> bool:
    """True if the rules before leave nothing of its range."""
    at, end = _ends(rule)
    for least, most in sorted(map(_ends, before)):
        if least <= at <= most:
            at = (most[0], most[1] + 1)
    return at > end


def chains_that_end(settings: Settings) -> Iterator[Remark]:
    """Chains without anybody to turn to, and members that are never turned to."""
    for chain in settings.chains.values():
        path = ("fallback_chains", chain.name)
        reason = _nowhere(chain, settings)
        if reason is not None:
            yield Remark("warning", (*path, "chain"), f"ends nowhere: {reason}")
        else:
            yield from _idle_members(chain, (*path, "chain"))


def _nowhere(chain: FallbackChain, settings: Settings) -> str | None:
    if not chain.members:
        return "it has no members"
    known = [member for member in chain.members if member.provider in settings.providers]
    if not known:
        return "none of its providers is defined here"
    return "no member's condition can hold" if all(never(member.condition) for member in known) else None


def _idle_members(chain: FallbackChain, path: Path) -> Iterator[Remark]:
    for index, member in enumerate(chain.members):
        alone = impossible(member.condition, (*path, index, "condition"))
        if alone is not None:
            yield alone
            continue
        same = (
            number
            for number, other in enumerate(chain.members[:index])
            if (other.provider, other.model) == (member.provider, member.model)
            and _lasts(_root(other.condition))
            and implies(_root(member.condition), _root(other.condition))
        )
        before = next(same, None)
        if before is not None:
            yield Remark("warning", (*path, index), "is never reached: member {} turns to the same before", (before,))


def _lasts(node: Node) -> bool:
    """False if it may hold later in the same request though it does not now: a provider may have failed it by then."""
    return all(provider_of(name) is None for name in facts_of(node))


def _root(condition: Condition | None) -> Node:
    return (condition or ALWAYS).root


def fallbacks_to_the_same(settings: Settings) -> Iterator[Remark]:
    """A rule whose fallback is the provider that has just failed."""
    text = "is the rule's own provider"
    for name, exact in settings.exact.items():
        if exact.fallback == exact.provider:
            yield Remark("warning", ("exact_matches", name, "fallback"), text)
    for index, pattern in enumerate(settings.patterns):
        if pattern.fallback == pattern.provider:
            yield Remark("warning", ("patterns", index, "fallback"), text)
    for index, size in enumerate(settings.sizes):
        if size.fallback == size.provider:
            yield Remark("warning", ("model_size_routing", index, "fallback"), text)
    for name, capability in settings.capabilities.items():
        if capability.fallback is not None and capability.providers == (capability.fallback,):
            yield Remark("warning", ("capabilities", name, "fallback"), "is the capability's own provider")


def shares_of_nothing(settings: Settings) -> Iterator[Remark]:
    """Redundant models whose weights do not share what they seem to."""
    for name, shares in settings.redundant.items():
        path = ("redundant_models", name)
        weights = [share.weight for share in shares]
        if not shares:
            yield Remark("warning", path, "has no provider")
        elif all(weight == 0 for weight in weights):
            yield Remark("warning", path, "all weights are 0: none is preferred")
        elif any(weights) and None in weights:
            lacking = shares[weights.index(None)].provider
            yield Remark("warning", path, "provider {} has no weight, others have: it gets no traffic", (lacking,))
        exact = settings.exact.get(name)
        if exact is not None and exact.provider not in {share.provider for share in shares}:
            text = "exact_matches sends it to provider {}, which is none of these: it gets no traffic"
            yield Remark("warning", path, text, (exact.provider,))
