"""JSON as nobody writes it and everybody may: odd spacing, escapes, numbers of every form, keys twice, nested nulls."""

from __future__ import annotations

from random import Random

NUMBERS = ("0", "-0", "1.0", "1e3", "1E+3", "-0.0", "1.10", "1e-400", "1e999", "12345678901234567890123", "0.1e1")
TEXTS = ("", "a", "ü", "世界", "😀", "e\u0301", "\u2028", "\u0085", "\ufeff", "\x7f", "data: x", r"{\"error\":1}")
ESCAPES = (r"\u00fc", r"\ud83d\ude00", r"\u0000", r"\/", r"\\", r"\n", r"\r\n\r\n", r"\\ud83d", r"\t\b\f", "[DONE]")
HALVES = (r"\ud83d", r"\ude00", r"\uDBFF x")


class OddJson:
    """Writes with a seed. ``blanks`` are what may stand where white space may; ``halves``: also half letters."""

    def __init__(self, dice: Random, blanks: tuple[str, ...] = ("", "", "", " ", "  ", "\t"), *, halves: bool = False):
        self.dice = dice
        self._blanks = blanks
        self._texts = (*TEXTS, *ESCAPES, *(HALVES if halves else ()))

    def blank(self) -> str:
        return self.dice.choice(self._blanks)

    def text(self) -> str:
        return '"' + "".join(self.dice.choices(self._texts, k=self.dice.randint(0, 4))) + '"'

    def value(self, depth: int = 3) -> str:
        kind = self.dice.randint(0, 6 if depth else 3)
        if kind < 2:
            return self.dice.choice(("null", "true", "false", *NUMBERS))
        if kind < 4:
            return self.text()
        if kind == 4:
            return "[" + ",".join(self.spaced(self.value(depth - 1)) for _ in range(self.dice.randint(0, 3))) + "]"
        return self.object(self.members(depth - 1))

    def members(self, depth: int = 2) -> list[tuple[str, str]]:
        """Fields that nobody knows; some stand twice."""
        names = [f'"x_{self.dice.randint(0, 99)}{self.text()[1:]}' for _ in range(self.dice.randint(0, 3))]
        return [(name, self.value(depth)) for name in (*names, *names[: self.dice.randint(0, 1)])]

    def object(self, members: list[tuple[str, str]]) -> str:
        inside = ",".join(f"{self.spaced(name)}:{self.spaced(value)}" for name, value in members)
        return "{" + (inside or self.blank()) + "}"

    def around(self, *known: tuple[str, str]) -> str:
        """An object with known fields, unknown ones between them."""
        every = [(f'"{name}"', value) for name, value in known] + self.members()
        self.dice.shuffle(every)
        return self.object(every)

    def spaced(self, value: str) -> str:
        return self.blank() + value + self.blank()
