"""Circles in a graph of names. Pure; linear in names and arrows, and without recursion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def circles(following: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Groups of names that all lead to each other, a name that leads to itself included (Tarjan's components)."""
    walk = _Walk(following)
    for start in following:
        if start not in walk.low:
            walk.go(start)
    return walk.found


class _Walk:
    def __init__(self, following: Mapping[str, Sequence[str]]) -> None:
        self.found: list[list[str]] = []
        self.low: dict[str, int] = {}
        self._number: dict[str, int] = {}
        self._following = following
        self._open: dict[str, None] = {}
        self._way: list[tuple[str, Iterator[str]]] = []

    def go(self, start: str) -> None:
        self._enter(start)
        while self._way:
            name, rest = self._way[-1]
            other = next(rest, None)
            if other is None:
                self._leave(name)
            elif other not in self._number:
                self._enter(other)
            elif other in self._open:
                self.low[name] = min(self.low[name], self._number[other])

    def _enter(self, name: str) -> None:
        self._number[name] = self.low[name] = len(self._number)
        self._open[name] = None
        self._way.append((name, iter(self._following.get(name, ()))))

    def _leave(self, name: str) -> None:
        self._way.pop()
        if self._way:
            above = self._way[-1][0]
            self.low[above] = min(self.low[above], self.low[name])
        if self.low[name] != self._number[name]:
            return
        group: list[str] = []
        while not group or group[-1] != name:
            group.append(self._open.popitem()[0])
        if len(group) > 1 or name in self._following.get(name, ()):
            self.found.append(group[::-1])
