"""Conditions as functions of facts. Compiled once from the parsed tree; a fact is looked up only if somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pointsman.model.comparison import comparison
from pointsman.model.condition import HEADER, All, Compare, Condition, Fact, Node, Not, Some
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.topology import Topology

Test = Callable[["Facts"], bool]

UNAVAILABLE, AVAILABLE = "_unavailable", "_available"


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
        asked = self._topology.size_of(self.request.model) or self._topology.size_of(self._name)
        return asked.billions if asked is not None else None


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


def _compare(node: Compare) -> Test:
    """A fact that is not known makes every comparison false. A fact with several values (tags) holds if one does."""
    look, holds = fact(node.fact.name), comparison(node)

    def test(facts: Facts) -> bool:
        value = look(facts)
        if type(value) is tuple:
            return any(map(holds, value))
        return value is not None and holds(value)

    return test
