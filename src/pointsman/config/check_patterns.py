"""Patterns that get in each other's way: one that can never match, two that match the same names.

Every example that is told was tried with RE2 on both patterns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from pointsman.config.languages.automaton import MATCHED, Automaton
from pointsman.config.languages.compare import Effort, common, covers, names, shortest
from pointsman.config.languages.expression import Unclear
from pointsman.config.remarks import Remark
from pointsman.config.settings import Pattern, Settings

MAX_STEPS = 5_000
"""Steps of all comparisons together: less than a second."""

MAX_PAIRS = 100_000
MAX_NAMES = 50
"""Names of the configuration itself that are tried as examples."""


MAX_LISTED = 64
"""A pattern that spells out more names than that is no list of names."""


def patterns_in_the_way(settings: Settings) -> Iterator[Remark]:
    """One remark for each pattern that can't match, or that has an earlier one in its way."""
    known = _known(settings)
    rules = {index: _Rule(rule, known) for index, rule in enumerate(settings.patterns)}
    listed, effort = _listed(settings), Effort(MAX_STEPS)
    for index, rule in list(rules.items()):
        spelt = rule.spelt(effort)
        if spelt is not None and listed.issuperset(spelt):
            text = "can never match: every name that it takes is listed itself, like {}" if spelt else "matches no name"
            yield Remark("warning", ("patterns", index, "pattern"), text, tuple(spelt[:1]))
            del rules[index]
    comparison = _Comparison(rules)
    for later, earlier in comparison.pairs().items():
        yield from comparison.told(later, earlier)
    if comparison.effort.spent:
        text = "are too many, or too large, to be compared all with each other"
        yield Remark("info", ("patterns",), text)


def sizes_behind_all(settings: Settings) -> Iterator[Remark]:
    """Names go by size only if no pattern takes them."""
    for index, rule in enumerate(settings.patterns if settings.sizes else ()):
        automaton = _automaton(rule.pattern)
        if automaton is not None and automaton.start == MATCHED:
            text = "is never reached: patterns[{}] takes every name before"
            yield Remark("warning", ("model_size_routing",), text, (index,))
            return


def _known(settings: Settings) -> list[str]:
    served = (d.model_name for d in settings.deployments if d.model is not None)
    return list(dict.fromkeys((*served, *settings.exact, *settings.fallbacks)))[:MAX_NAMES]


def _listed(settings: Settings) -> frozenset[str]:
    """Names that are settled before any pattern is looked at."""
    served = (d.model_name for d in settings.deployments if d.model is not None)
    return frozenset((*served, *settings.exact, *settings.redundant, *settings.aliases, *settings.alias_groups))


class _Rule:
    """A pattern, the names of the configuration that it matches, and how it reads names; None if that is unclear."""

    def __init__(self, rule: Pattern, known: list[str]) -> None:
        self.rule = rule
        self.program = _program(rule.pattern)
        self.names = [name for name in known if self.search(name)]
        self.automaton = _automaton(rule.pattern)
        self.prefix = self.automaton.prefix if self.automaton is not None else ""
        self._shortest: list[str] | None = None

    @property
    def takes_all(self) -> bool:
        return self.automaton is not None and self.automaton.start == MATCHED

    def search(self, name: str) -> bool:
        return self.program is not None and self.program.search(name) is not None

    def examples(self, effort: Effort) -> list[str]:
        """Names that surely match, if any could be found."""
        if self._shortest is None:
            made = shortest(self.automaton, effort) if self.automaton is not None else None
            self._shortest = [made] if made is not None and self.search(made) else []
        return [*self.names, *self._shortest]

    def spelt(self, effort: Effort) -> list[str] | None:
        """All names that match, if it is no more than a list of them."""
        return names(self.automaton, MAX_LISTED, effort) if self.automaton is not None else None

    def leads_as(self, other: _Rule) -> bool:
        """True if both send names the same way."""
        one, two = self.rule, other.rule
        return (one.provider, one.fallback, one.chain) == (two.provider, two.fallback, two.chain)


def _program(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None  # told where patterns are read


def _automaton(pattern: str) -> Automaton | None:
    """How a pattern reads names; None if that is unclear, or if it is none."""
    try:
        return Automaton(pattern) if _program(pattern) is not None else None
    except Unclear:
        return None


class _Comparison:
    def __init__(self, rules: dict[int, _Rule]) -> None:
        self._rules = rules
        self.effort = Effort(MAX_STEPS)

    def pairs(self) -> dict[int, list[int]]:
        """For each pattern the earlier ones that may have names in common with it, as far as beginnings tell."""
        order = sorted(self._rules, key=lambda index: self._rules[index].prefix)
        found: dict[int, list[int]] = {}
        count = 0
        for at, one in enumerate(order):
            for other in order[at + 1 :]:
                if not self._rules[other].prefix.startswith(self._rules[one].prefix) or count > MAX_PAIRS:
                    break
                found.setdefault(max(one, other), []).append(min(one, other))
                count += 1
        return {later: sorted(found[later]) for later in sorted(found)}

    def told(self, later: int, earlier: list[int]) -> Iterator[Remark]:
        """What is in the way of one pattern: whoever takes all of its names, else the first that takes some."""
        path = ("patterns", later, "pattern")
        some: tuple[int, str] | None = None
        for index in earlier:
            if self._swallows(self._rules[index], self._rules[later]):
                yield Remark("warning", path, "can never match: patterns[{}] takes all of its names before", (index,))
                return
            if some is None:
                example = self._example(self._rules[index], self._rules[later])
                some = (index, example) if example is not None else None
        if some is not None:
            yield from self._overlap(path, later, *some)

    def _overlap(self, path: tuple[str | int, ...], later: int, index: int, example: str) -> Iterator[Remark]:
        one, other = self._rules[index], self._rules[later]
        if other.takes_all:
            return  # what is left goes there: nobody writes that by mistake
        harmless = one.leads_as(other) or self._swallows(other, one)
        text = "overlaps patterns[{}]: both match {}, and the first listed counts"
        hint = "" if harmless else "the more special one should stand first"
        yield Remark("info" if harmless else "warning", path, text, (index, example), suggestion=hint)

    def _swallows(self, wide: _Rule, narrow: _Rule) -> bool:
        """Surely every name of the one is a name of the other."""
        if wide.rule.pattern == narrow.rule.pattern:
            return True
        if wide.automaton is None or narrow.automaton is None or self.effort.spent:
            return False
        examples = narrow.examples(self.effort)
        return all(map(wide.search, examples)) and covers(wide.automaton, narrow.automaton, self.effort)

    def _example(self, one: _Rule, other: _Rule) -> str | None:
        """A name that both match."""
        for name in (*one.examples(self.effort), *other.examples(self.effort)):
            if one.search(name) and other.search(name):
                return name
        if one.automaton is None or other.automaton is None or self.effort.spent:
            return None
        made = common(one.automaton, other.automaton, self.effort)
        return made if made is not None and one.search(made) and other.search(made) else None
