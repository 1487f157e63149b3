"""Can a condition hold at all? Tried without any request: its alternatives one by one, in each of them what is said of
every fact, and for that the few values that can make a difference. Sound, not complete: a doubt is a yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil, floor, inf
from typing import Any, NamedTuple

import msgspec

from pointsman.config import facts
from pointsman.model.comparison import comparison
from pointsman.model.condition import HEADER, All, Compare, Fact, Node, Not, Some

MOST_STEPS = 2_000
"""Nodes that are looked at, each as often as alternatives lead to it. Beyond that anything is possible."""

Word = Fact | Compare
"""What may be said of one fact."""


class Claim(NamedTuple):
    """A word about the fact ``name``, which is ``written`` perhaps otherwise, and whether it shall hold."""

    name: str
    written: str
    word: Word
    holds: bool


class Said(NamedTuple):
    """What one alternative says of a fact: all of the first shall hold, none of the others."""

    wanted: tuple[Word, ...] = ()
    unwanted: tuple[Word, ...] = ()

    def joined(self, claim: Claim) -> Said:
        if claim.holds:
            return Said((*self.wanted, claim.word), self.unwanted)
        return Said(self.wanted, (*self.unwanted, claim.word))


def odds(node: Node) -> frozenset[str] | None:
    """None if it may hold for some request; else the facts that no request has as it says, one for each alternative
    (none of one that says of itself that it never holds).
    """
    search = _Search()
    return None if search.holds([node], {}) else frozenset(search.blamed)


class _Search:
    def __init__(self) -> None:
        self.blamed: set[str] = set()
        self._steps = 0

    def holds(self, nodes: Iterable[Node], so_far: dict[str, Said]) -> bool:
        """May all of these hold, beside what is said so far?"""
        waiting, said = list(nodes)[::-1], dict(so_far)
        choices: list[Some] = []
        while waiting:
            self._steps += 1
            if self._steps > MOST_STEPS:
                return True
            read = _read(waiting.pop())
            if isinstance(read, All):
                waiting.extend(reversed(read.parts))  # in the order that it is written in
            elif isinstance(read, Some):
                choices.append(read)
            else:
                said[read.name] = said.get(read.name, Said()).joined(read)
                if not _meets(read.name, *said[read.name]):
                    self.blamed.add(read.written)
                    return False
        if not choices:
            return True
        first, *others = sorted(choices, key=lambda choice: len(choice.parts))
        return any(self.holds([part, *others], said) for part in first.parts)


def _read(node: Node, *, holds: bool = True) -> Claim | All | Some:
    """Without any ``not`` before it: what shall not hold of several parts is said of each of them."""
    if isinstance(node, Not):
        return _read(node.part, holds=not holds)
    if isinstance(node, (All, Some)):
        parts = node.parts if holds else tuple(map(Not, node.parts))
        return All(parts) if isinstance(node, All) == holds else Some(parts)
    written = node.name if isinstance(node, Fact) else node.fact.name
    name = facts.SAME.get(written, written)
    about = facts.provider_of(name)
    if about is not None and about[1] == facts.AVAILABLE:
        name, holds = about[0] + facts.UNAVAILABLE, not holds
    fact = Fact(name)
    return Claim(name, written, fact if isinstance(node, Fact) else msgspec.structs.replace(node, fact=fact), holds)


def _meets(name: str, wanted: tuple[Word, ...], unwanted: tuple[Word, ...]) -> bool:
    """Can the fact be so?"""
    if not set(wanted).isdisjoint(unwanted):
        return False
    kind = facts.kind_of(name)
    if kind == "text":
        return _some_text(name, wanted, unwanted)
    if kind == "texts":  # each text that is wanted may be another one
        return all(_some_text(name, (word,), unwanted) for word in wanted)
    return kind == "flag" or _some_number(name, wanted, unwanted)


def _some_text(name: str, wanted: Sequence[Word], unwanted: Sequence[Word]) -> bool:
    """Only texts that are mentioned can make a difference, the empty one, and any other."""
    listed = next(
        (_values(word) for word in wanted if isinstance(word, Compare) and word.operator in ("==", "in")), None
    )
    tried: Sequence[Any] | None = listed if listed is not None else facts.CHOICES.get(name)
    if tried is None:
        compares = [word for word in (*wanted, *unwanted) if isinstance(word, Compare)]
        if any(word.operator == "matches" for word in compares):
            return True  # what a pattern matches is not looked into
        mentioned = [text for word in compares for text in _values(word)]
        tried = ("", *mentioned, max(mentioned, key=len, default="") + "x")
    if name.startswith(HEADER):
        tried = [text.lower() for text in tried]
    return _one_of([text for text in tried if text not in facts.NEVER.get(name, ())], wanted, unwanted)


def _some_number(name: str, wanted: Sequence[Word], unwanted: Sequence[Word]) -> bool:
    """Between two numbers that are mentioned one value is like any other."""
    values = facts.RANGES[name]
    if not wanted and not values.known:
        return True  # if nobody knows it nothing holds of it
    mentioned = {n for word in (*wanted, *unwanted) if isinstance(word, Compare) for n in _values(word)}
    edges = sorted({values.least, *mentioned})
    tried = _whole(edges) if values.whole else _between(edges)
    return _one_of([n for n in tried if n > values.least or (n == values.least and not values.out)], wanted, unwanted)


def _whole(edges: list[float]) -> Iterator[float]:
    for edge in edges:
        yield from (ceil(edge) - 1, floor(edge), ceil(edge), floor(edge) + 1)


def _between(edges: list[float]) -> Iterator[float]:
    for edge, following in zip(edges, [*edges[1:], inf], strict=True):
        yield from (edge, edge / 2 + following / 2)


def _one_of(tried: Iterable[Any], wanted: Sequence[Word], unwanted: Sequence[Word]) -> bool:
    yes, no = [_test(word) for word in wanted], [_test(word) for word in unwanted]
    return any(all(test(value) for test in yes) and not any(test(value) for test in no) for value in tried)


def _test(word: Word) -> Callable[[Any], bool]:
    return bool if isinstance(word, Fact) else comparison(word)


def _values(word: Compare) -> tuple[Any, ...]:
    return word.value if isinstance(word.value, tuple) else (word.value,)
