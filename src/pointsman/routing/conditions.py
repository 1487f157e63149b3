"""Conditions as functions of facts. Compiled once from the parsed tree; a fact is looked up only if somebody asks."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

from pointsman.model.condition import All, Compare, Condition, Fact, Node, Not, Some
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.topology import Topology

Test = Callable[["Facts"], bool]

HEADER, UNAVAILABLE, AVAILABLE = "header.", "_unavailable", "_available"


class Facts:
    """What conditions may ask about a request and the present. ``name``: the model that was chosen, where one was;
    ``failed``: providers that failed this very request.
    """

    def __init__(
        self,
        request: Request,
        topology: Topology,
        view: View,
        name: str | None = None,
        failed: frozenset[str] = frozenset(),
    ) -> None:
        self.request = request
        self._topology = topology
        self._view = view
        self._name = name
        self._failed = failed

    def unavailable(self, provider: str) -> bool:
        """It failed this request, or none of its deployments may be asked now."""
        if provider in self._failed:
            return True
        members = self._topology.at_provider.get(provider, ())
        return all(self._view.fitness(d) is not None for d in members)

    @property
    def size(self) -> float | None:
        """Billions of parameters of the model asked for, else of the one that was chosen, as far as anything tells."""
        asked = self._topology.size_of(self.request.model)
        return asked if asked is not None else self._topology.size_of(self._name)


PLAIN: dict[str, Callable[[Facts], Any]] = {
    "always": lambda _facts: True,
    "never": lambda _facts: False,
    "model": lambda facts: facts.request.model or "",
    "endpoint": lambda facts: facts.request.endpoint,
    "stream": lambda facts: facts.request.stream,
    "tokens": lambda facts: facts.request.tokens,
    "context_size": lambda facts: facts.request.tokens,
    "batch_size": lambda facts: features.batch_size(facts.request),
    "timeout": lambda facts: facts.request.timeout,
    "images": lambda facts: features.has_images(facts.request),
    "tools": lambda facts: features.has_tools(facts.request),
    "reasoning_effort": lambda facts: features.reasoning_effort(facts.request),
    "model_size": lambda facts: facts.size,
    "task": lambda facts: facts.request.hints.task or facts.request.hints.task_class or "",
    "capability": lambda facts: facts.request.hints.capability or "",
    "tags": lambda facts: facts.request.hints.tags,
}
"""Facts by the names that conditions use. ``config/conditions.py`` knows the same names; a test holds them together."""


@lru_cache(4096)
def compiled(condition: Condition) -> Test:
    """A condition as a function. Patterns are RE2's and were checked when the configuration was read."""
    return _test(condition.root)


def fact(name: str) -> Callable[[Facts], Any]:
    """How to look up a fact: its value, None if it is not known of a request. Raises KeyError if there is none."""
    if name.startswith(HEADER):
        key = name[len(HEADER) :].encode()
        return lambda facts: facts.request.headers.get(key, b"").decode("latin-1").lower()
    if name.endswith(UNAVAILABLE):
        provider = name[: -len(UNAVAILABLE)]
        return lambda facts: facts.unavailable(provider)
    if name.endswith(AVAILABLE):
        provider = name[: -len(AVAILABLE)]
        return lambda facts: not facts.unavailable(provider)
    return PLAIN[name]


def _test(node: Node) -> Test:
    if isinstance(node, Fact):
        look = fact(node.name)
        return lambda facts: bool(look(facts))
    if isinstance(node, Compare):
        return _compare(node)
    if isinstance(node, Not):
        part = _test(node.part)
        return lambda facts: not part(facts)
    parts = tuple(_test(part) for part in node.parts)
    if isinstance(node, All):
        return lambda facts: all(part(facts) for part in parts)
    if isinstance(node, Some):
        return lambda facts: any(part(facts) for part in parts)
    raise TypeError(f"no condition: {node!r}")


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare(node: Compare) -> Test:
    """A fact that is not known makes every comparison false. A fact with several values (tags) holds if one does."""
    look, holds = fact(node.fact.name), _holds(node)

    def test(facts: Facts) -> bool:
        value = look(facts)
        if type(value) is tuple:
            return any(map(holds, value))
        return value is not None and holds(value)

    return test


def _holds(node: Compare) -> Callable[[Any], bool]:
    """The comparison of one value. Header values are compared without case; true and false are not numbers."""
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


NUMBERS = (int, float)


def _folded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_folded, value))
    return value.lower() if isinstance(value, str) else value


def _options(*, case_sensitive: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    return options
