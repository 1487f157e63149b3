"""Two patterns walked side by side: a name that both match, or a name that only one does."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.config.languages.automaton import MATCHED, Automaton, State
from pointsman.config.languages.characters import Characters, count, each, holds, union

PLEASANT = "a0-/.:b1x_ "
"""Characters that examples are made of where the patterns leave the choice."""

SURROGATES = range(0xD800, 0xE000)

MOST_PREFIXES = 500
"""Beginnings of names that are followed for one pattern."""

Goal = Callable[[bool, bool], bool]
"""Of whether each of the two matches a name."""


class Effort:
    """How many steps may still be made, for all comparisons together."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    @property
    def spent(self) -> bool:
        return self.steps <= 0


def common(one: Automaton, other: Automaton, effort: Effort) -> str | None:
    """The shortest name that both match; None if there is none, or if it took too long to find one."""
    return _walk((one, other), lambda a, b: a and b, lambda a, b: bool(a and b), effort)


def covers(wide: Automaton, narrow: Automaton, effort: Effort) -> bool:
    """True if the one surely matches every name that the other matches."""
    only = _walk((wide, narrow), lambda a, b: b and not a, lambda a, b: a != MATCHED and bool(b), effort)
    return only is None and not effort.spent


def shortest(one: Automaton, effort: Effort) -> str | None:
    """The shortest name that matches."""
    return _walk((one, one), lambda a, _b: a, lambda a, _b: bool(a), effort)


def names(one: Automaton, most: int, effort: Effort) -> list[str] | None:
    """All names that match; None if there are more than ``most``, or if it took too long to find that out."""
    found: list[str] = []
    waiting = [(one.start, "")]
    for state, name in waiting:  # grows while it is walked
        effort.steps -= 1
        if name and one.accepts(state):
            found.append(name)
        following = union(one.sets(state))
        if not one.anchored or state == MATCHED or len(found) > most or effort.spent:
            return None
        if len(waiting) + count(following) > MOST_PREFIXES:
            return None
        after = ((one.after(state, character), name + character) for character in each(following))
        waiting += [(state, name) for state, name in after if state]
    return found


def _walk(
    pair: tuple[Automaton, Automaton], goal: Goal, hopeful: Callable[[State, State], bool], effort: Effort
) -> str | None:
    """Breadth first over names, as far as their states differ. The empty name is none."""
    one, other = pair
    begin = one.start, other.start
    names: dict[tuple[State, State], str] = {begin: ""}
    waiting = [begin]
    for a, b in waiting:  # grows while it is walked
        effort.steps -= 1
        if effort.spent:
            return None
        for character in _alphabet([*one.sets(a), *other.sets(b)]):
            after, name = (one.after(a, character), other.after(b, character)), names[a, b] + character
            if goal(one.accepts(after[0]), other.accepts(after[1])):
                return name
            if after not in names and hopeful(*after):
                names[after] = name
                waiting.append(after)
    return None


def _alphabet(sets: list[Characters]) -> list[str]:
    """One character for each way to be in some of the sets and not in the others."""
    bounds = {point for each in sets for low, high in each for point in (low, high, high + 1)}
    found: dict[tuple[bool, ...], str] = {}
    for point in (*map(ord, PLEASANT), *sorted(bounds, reverse=True)):  # small letters before capitals
        if point <= 0x10FFFF and point not in SURROGATES:
            found.setdefault(tuple(holds(each, point) for each in sets), chr(point))
    return list(found.values())
