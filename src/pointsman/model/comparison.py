"""One value beside what a condition says of it: the same to those who go by conditions and to those who judge them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import re2

from pointsman.model.condition import HEADER, Compare

NUMBERS = (int, float)

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(node: Compare) -> Callable[[Any], bool]:
    """Whether one value meets it; a header's comes in lower case. True and false are not numbers."""
    of_header = node.fact.name.startswith(HEADER)
    if node.operator == "matches":
        program = re2.compile(str(node.value), _options(case_sensitive=not of_header))
        return lambda value: program.search(str(value)) is not None
    wanted = _folded(node.value) if of_header else node.value
    if node.operator == "in":
        listed = wanted if isinstance(wanted, tuple) else (wanted,)
        return lambda value: any(_alike(value, one) and value == one for one in listed)
    compare = ORDER[node.operator]
    return lambda value: _alike(value, wanted) and compare(value, wanted)


def _alike(one: Any, other: Any) -> bool:
    """Of one kind, so that they can be compared: whole numbers with fractions, nothing else with another."""
    kind, of_other = type(one), type(other)
    return kind is of_other or (kind in NUMBERS and of_other in NUMBERS)


def _folded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_folded, value))
    return value.lower() if isinstance(value, str) else value


def _options(*, case_sensitive: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    return options
