"""A pattern's text to its parts, in RE2's syntax. What is not understood is refused, not guessed.

The pattern is known to be one that RE2 takes, so mistakes in it are not looked for.
"""

from __future__ import annotations

import msgspec

from pointsman.config.languages.characters import Characters, characters, either_case, of, others, union

MAX_NESTED = 40


class Unclear(Exception):  # noqa: N818  the caller asks for something, it does not fail
    """The pattern has something that is not looked into here: word boundaries, Unicode classes, several lines."""


class One(msgspec.Struct, frozen=True):
    """One character of a set."""

    among: Characters


class Row(msgspec.Struct, frozen=True):
    """One after the other."""

    parts: tuple[Part, ...]


class Choice(msgspec.Struct, frozen=True):
    parts: tuple[Part, ...]


class Repeat(msgspec.Struct, frozen=True):
    """``most`` None: without end."""

    part: Part
    least: int
    most: int | None


class Edge(msgspec.Struct, frozen=True):
    """The beginning or the end of the text."""

    begins: bool


Part = One | Row | Choice | Repeat | Edge

DIGITS = characters((48, 57))
WORD = characters((48, 57), (65, 90), (95, 95), (97, 122))
SPACE = of("\t\n\f\r ")
LINE = others(of("\n"))

CLASSES = {"d": DIGITS, "w": WORD, "s": SPACE, "D": others(DIGITS), "W": others(WORD), "S": others(SPACE)}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read(pattern: str) -> Part:
    """The parts of a pattern that RE2 has compiled. Raises Unclear."""
    return _Reader(pattern).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nested = 0
        self._fold = self._dot_all = False

    def whole(self) -> Part:
        part = self._choice()
        if self._at < len(self._text):
            raise Unclear
        return part

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise Unclear
        self._at += 1
        return self._text[self._at - 1]

    def _skip(self, word: str) -> bool:
        if self._text.startswith(word, self._at):
            self._at += len(word)
            return True
        return False

    def _choice(self) -> Part:
        parts = [self._row()]
        while self._skip("|"):
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _row(self) -> Part:
        parts: list[Part] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._single()))
        return Row(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        for _ in range(MAX_NESTED):
            bounds = self._bounds()
            if bounds is None:
                return part
            part = Repeat(part, *bounds)
            self._skip("?")  # as few as possible: the same names
        raise Unclear

    def _bounds(self) -> tuple[int, int | None] | None:
        """How often the part before is to be repeated, if anything says so."""
        if self._next() in REPEATS:
            return REPEATS[self._take()]
        end = self._text.find("}", self._at)
        if self._next() != "{" or end < 0:
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not (least.isascii() and least.isdigit()) or not (most == "" or (most.isascii() and most.isdigit())):
            return None  # a brace like any other character
        self._at = end + 1
        return int(least), (int(most) if most else None if comma else int(least))

    def _single(self) -> Part:
        character = self._take()
        if character == "(":
            return self._group()
        if character == "[":
            return self._one(self._class())
        if character == ".":
            return One(union((LINE, of("\n"))) if self._dot_all else LINE)
        if character in "^$":
            return Edge(character == "^")
        if character == "\\":
            return self._escaped()
        return self._one(of(character))

    def _one(self, among: Characters) -> Part:
        if not self._fold:
            return One(among)
        if any(high > 127 for _, high in among):
            raise Unclear
        return One(either_case(among))

    def _escaped(self) -> Part:
        if self._next() in ("A", "z"):
            return Edge(self._take() == "A")
        return self._one(self._escape())

    def _escape(self) -> Characters:
        """What stands behind a backslash, outside of a class or inside."""
        letter = self._take()
        if letter in CLASSES:
            return CLASSES[letter]
        if letter in CONTROLS:
            return of(CONTROLS[letter])
        if letter.isascii() and letter.isalnum():
            raise Unclear
        return of(letter)

    def _class(self) -> Characters:
        negated = self._skip("^")
        sets: list[Characters] = []
        while not sets or self._next() != "]":
            sets.append(self._member())
        self._at += 1
        among = union(sets)
        if self._fold:
            among = either_case(among)
        return others(among) if negated else among

    def _member(self) -> Characters:
        """A character, an escape or a range inside of a class."""
        if self._text.startswith("[:", self._at):
            raise Unclear
        first = self._point()
        if self._next() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return first
        self._at += 1
        last = self._point()
        if len(first) != 1 or len(last) != 1 or first[0][0] != first[0][1] or first[0][0] > last[0][0]:
            raise Unclear
        return characters((first[0][0], last[0][0]))

    def _point(self) -> Characters:
        character = self._take()
        return self._escape() if character == "\\" else of(character)

    def _group(self) -> Part:
        self._nested += 1
        if self._nested > MAX_NESTED:
            raise Unclear
        flags = self._fold, self._dot_all
        if self._skip("?P<") or self._skip("?<"):
            self._at = self._text.index(">", self._at) + 1
        elif self._skip("?") and self._flags():
            self._nested -= 1
            return Row(())  # flags for what follows in this group
        part = self._choice()
        if self._take() != ")":
            raise Unclear
        self._fold, self._dot_all = flags
        self._nested -= 1
        return part

    def _flags(self) -> bool:
        """Read flags; True if they stand alone, False if they begin a group."""
        on = True
        while (letter := self._take()) not in ":)":
            if letter == "-":
                on = False
            elif letter == "i":
                self._fold = on
            elif letter == "s":
                self._dot_all = on
            elif letter != "U":
                raise Unclear
        return letter == ")"
