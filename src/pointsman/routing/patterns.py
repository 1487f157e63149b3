"""Which of the configured patterns is the first to match a name: one search for all of them, by RE2's sets."""

from __future__ import annotations

from typing import Any

import re2

from pointsman.config.settings import Pattern
from pointsman.errors import ConfigurationError

LONGEST = 1024
"""Longer names are not matched at all: no model has such a name, and a search should stay cheap."""

LONGEST_AT_ONCE = 100
"""A set's automaton is built as it is used, and an unlikely name may build much of it; longer names are searched with
one pattern after the other, which costs the same for every name of a length.
"""

MEMORY = 32 * 2**20
"""Bytes that a set's automaton may take; without enough for its patterns there is no set."""


class Patterns:
    """The patterns in the order of the document. Raises ConfigurationError for one that RE2 does not take."""

    def __init__(self, rules: tuple[Pattern, ...]) -> None:
        self.rules = rules
        self._programs = tuple(_program(rule) for rule in rules)
        self._all = _all(rules)

    def __len__(self) -> int:
        return len(self.rules)

    def first(self, name: str) -> Pattern | None:
        """The first listed one that is found anywhere in the name."""
        if self._all is not None and len(name) <= LONGEST_AT_ONCE:
            found = self._all.Match(name)
            return self.rules[min(found)] if found else None
        if len(name) <= LONGEST:
            for rule, program in zip(self.rules, self._programs, strict=True):
                if program.search(name):
                    return rule
        return None


def _program(rule: Pattern) -> Any:
    try:
        return re2.compile(rule.pattern, _quiet())
    except re2.error as error:
        raise ConfigurationError(f"pattern {rule.pattern!r}: {error}") from error


def _all(rules: tuple[Pattern, ...]) -> Any:
    """A set of all patterns; None if there is none to be had: it knows when it is made whether its memory is enough."""
    if not rules:
        return None
    options = _quiet()
    options.max_mem = MEMORY
    made = re2.Set.SearchSet(options)
    try:
        for rule in rules:
            made.Add(rule.pattern)
        made.Compile()
    except re2.error:
        return None
    return made


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options
