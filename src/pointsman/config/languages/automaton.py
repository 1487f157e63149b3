"""A pattern as an automaton that reads names character by character, searching as RE2 does: anywhere, unless anchored.

A state is the set of places in the pattern that the characters so far may have led to.
"""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.config.languages.characters import Characters, holds
from pointsman.config.languages.expression import Choice, Edge, One, Part, Repeat, Row, Unclear, read

MAX_PLACES = 3_000
"""Places of a pattern; counted repetitions multiply them."""

State = frozenset[int]

DONE = 0
"""The place behind the pattern."""

MATCHED: State = frozenset((DONE,))
"""Whatever follows, the name matches."""


class Automaton:
    """Of one pattern. Raises Unclear if it can't be made."""

    def __init__(self, pattern: str) -> None:
        self._moves: dict[int, tuple[Characters, int]] = {}
        self._free: dict[int, tuple[int, ...]] = {}
        self._edges: dict[int, tuple[bool, int]] = {}
        self._places = 1
        self._known: dict[tuple[State, str], State] = {}
        self._entry = self._build(read(pattern), DONE)
        self.start = self._state(self._reached((self._entry,), begins=True, ends=False))
        self._again = self._reached((self._entry,), begins=False, ends=False)

    @property
    def anchored(self) -> bool:
        """True if a name that matches does so from its first character on."""
        return not self._again

    @property
    def prefix(self) -> str:
        """What every name that matches begins with, as far as the pattern spells it out."""
        state, text = self.start, ""
        while self.anchored and DONE not in state and len(text) < 64:
            sets = self.sets(state)
            if len(sets) != 1 or any(place in self._edges for place in state) or sets[0][0][0] != sets[0][-1][1]:
                break
            text += chr(sets[0][0][0])
            state = self.after(state, text[-1])
        return text

    def sets(self, state: State) -> list[Characters]:
        """The sets of characters that make a difference now."""
        return list(dict.fromkeys(self._moves[place][0] for place in state if place in self._moves))

    def after(self, state: State, character: str) -> State:
        """The state behind one more character."""
        if state == MATCHED:
            return state
        key = state, character
        if key not in self._known:
            point = ord(character)
            moved = [to for among, to in (self._moves[p] for p in state if p in self._moves) if holds(among, point)]
            self._known[key] = self._state(self._reached(moved, begins=False, ends=False) | self._again)
        return self._known[key]

    def accepts(self, state: State) -> bool:
        """True if a name that ends here matches."""
        return DONE in self._reached(state, begins=False, ends=True)

    def matches(self, name: str) -> bool:
        state = self.start
        for character in name:
            state = self.after(state, character)
        return self.accepts(state)

    @staticmethod
    def _state(places: set[int]) -> State:
        return MATCHED if DONE in places else frozenset(places)

    def _reached(self, places: Iterable[int], *, begins: bool, ends: bool) -> set[int]:
        """Where these lead without a character. The edge of the text lets through only where it is."""
        reached: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in reached:
                continue
            reached.add(place)
            waiting += self._free.get(place, ())
            if place in self._edges:
                begin, beyond = self._edges[place]
                if begins if begin else ends:
                    waiting.append(beyond)
        return {place for place in reached if place == DONE or place in self._moves or self._ends(place)}

    def _ends(self, place: int) -> bool:
        return place in self._edges and not self._edges[place][0]

    def _place(self) -> int:
        self._places += 1
        if self._places > MAX_PLACES:
            raise Unclear
        return self._places - 1

    def _build(self, part: Part, beyond: int) -> int:
        """The place where a part begins that leads on to ``beyond``."""
        if isinstance(part, Row):
            for each in reversed(part.parts):
                beyond = self._build(each, beyond)
            return beyond
        if isinstance(part, Repeat):
            return self._repeat(part, beyond)
        place = self._place()
        if isinstance(part, One):
            self._moves[place] = part.among, beyond
        elif isinstance(part, Edge):
            self._edges[place] = part.begins, beyond
        elif isinstance(part, Choice):
            self._free[place] = tuple(self._build(each, beyond) for each in part.parts)
        return place

    def _repeat(self, part: Repeat, beyond: int) -> int:
        if part.most is None:
            loop = self._place()
            self._free[loop] = (beyond,)
            self._free[loop] = (self._build(part.part, loop), beyond)
            place = loop
        else:
            place = beyond
            for _ in range(part.most - part.least):
                skip = self._place()
                self._free[skip] = (self._build(part.part, place), beyond)
                place = skip
        for _ in range(part.least):
            place = self._build(part.part, place)
        return place
