"""Conditions as people write them, read once: ``header.x-priority == "high" and not ollama_unavailable``.

``grammar.py`` says what can be written, ``facts.py`` what may be asked. Here every name and every type is checked, so
that nothing can go wrong when a request meets the condition.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import cast

from lark import Token, Tree

from pointsman.config import facts
from pointsman.config.findings import MASK, Path, Report
from pointsman.config.grammar import NoCondition, parsed, plain
from pointsman.config.patterns import program
from pointsman.config.places import Places
from pointsman.config.quantities import seconds
from pointsman.model.condition import HEADER, All, Compare, Condition, Fact, Node, Not, Operator, Some
from pointsman.model.sizes import billions

MAX_DEPTH = 16
"""Levels of ``and``, ``or`` and ``not`` inside of each other. Parentheses alone are no level."""

EQUAL: tuple[Operator, ...] = ("==", "!=")
ORDER: tuple[Operator, ...] = (*EQUAL, "<", "<=", ">", ">=", "in")

OPERATORS: dict[facts.Kind, tuple[Operator, ...]] = {
    "flag": EQUAL,
    "text": (*EQUAL, "in", "matches"),
    "texts": ("==", "in", "matches"),
    "number": ORDER,
    "size": ORDER,
    "seconds": ORDER,
}
"""What each kind of fact can be compared by."""

WORDS: dict[facts.Kind, str] = {
    "flag": "true or false",
    "text": "text",
    "texts": "several texts",
    "number": "a number",
    "size": 'a size like "13B"',
    "seconds": 'a time like "5s"',
}

MEASURED: dict[facts.Kind, Callable[[str], float | None]] = {"size": billions, "seconds": seconds}

KNOWN = "known: " + ", ".join((*facts.PLAIN, "header.NAME", "PROVIDER_unavailable", "PROVIDER_available"))


class Conditions:
    """Reads the conditions of one document. Providers in them are named as in any rule."""

    def __init__(self, places: Places, report: Report) -> None:
        self._places = places
        self._report = report

    def read(self, text: str, path: Path) -> Condition | None:
        """The condition; None with a finding if it can't be read or asks for what nobody can know."""
        reading = _Reading(path, self._places, self._report)
        try:
            root = reading.node(parsed(text), 0)
        except NoCondition as error:
            self._report.error(path, error.template, *error.values, suggestion=error.hint)
        except _Unknown as error:
            hint = "a header is written header.NAME" if "-" in error.name else KNOWN
            self._report.unknown("error", path, "nothing is known as {}", error.name, facts.alike(error.name), hint)
        except _Told:
            pass
        else:
            return Condition(self._report.masked(reading.shown(text)), root)
        return None

    def optional(self, text: str | None, path: Path) -> Condition | None:
        """The same of a text that need not be there."""
        return self.read(text, path) if text is not None else None


class _Unknown(Exception):  # noqa: N818  not an error in here
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Told(Exception):  # noqa: N818
    """The report has it already."""


class _Reading:
    """One condition: from the tree of its words to the tree of facts."""

    def __init__(self, path: Path, places: Places, report: Report) -> None:
        self._path = path
        self._places = places
        self._report = report
        self._hidden: list[Token] = []

    def shown(self, text: str) -> str:
        """The text as explanations may repeat it, without what is compared with secret headers."""
        for token in sorted(self._hidden, key=lambda token: token.start_pos or 0, reverse=True):
            text = f'{text[: token.start_pos]}"{MASK}"{text[token.end_pos :]}'
        return text

    def node(self, tree: Tree[Token], depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NoCondition("is nested deeper than {} levels", MAX_DEPTH)
        words = [child for child in tree.children if isinstance(child, Token)]
        if tree.data == "alone":
            return self._alone(words[0])
        if tree.data == "among":
            return self._among(words[0], words[-1])
        if tree.data == "compared":
            return self._compared(words[0], cast("Operator", words[1].lower()), tree.children[2])
        parts = tuple(self.node(child, depth + 1) for child in tree.children if isinstance(child, Tree))
        if tree.data == "negated":
            return _opposite(parts[0])
        return All(parts) if tree.data == "every" else Some(parts)

    def _fact(self, name: str) -> tuple[Fact, facts.Kind]:
        kind = facts.kind_of(name)
        if kind is None:
            raise _Unknown(name)
        about = facts.provider_of(name)
        if about is not None:
            return Fact(self._places.name(about[0], self._path) + about[1]), kind
        return Fact(name.lower() if name.startswith(HEADER) else str(name)), kind

    def _alone(self, name: Token) -> Node:
        """A fact by itself holds if it is true, or if it says anything at all."""
        fact, kind = self._fact(name)
        if kind in ("number", "size", "seconds"):
            raise NoCondition(f"{{}} is {WORDS[kind]} and has to be compared with one", name)
        constants: dict[str, Node] = {"always": All(()), "never": Some(())}
        return constants.get(fact.name, fact)

    def _among(self, item: Token, name: Token) -> Node:
        fact, kind = self._fact(name)
        if kind != "texts":
            raise NoCondition("nothing can be in {}: it is one value", name, hint="turn it round: {0} in […]")
        return Compare(fact, "==", self._value(name, kind, item))

    def _compared(self, name: Token, operator: Operator, right: Token | Tree[Token]) -> Node:
        fact, kind = self._fact(name)
        if operator not in OPERATORS[kind]:
            hint = "write not {0} == …" if operator == "!=" else "by " + ", ".join(OPERATORS[kind])
            raise NoCondition(f"{{}} is {WORDS[kind]} and can't be compared by {{}}", name, operator, hint=hint)
        if isinstance(right, Tree) != (operator == "in"):
            raise NoCondition("{} can't stand with {} like that", operator, name, hint="lists in brackets go with in")
        if isinstance(right, Tree):
            listed = (self._value(name, kind, item) for item in right.children if isinstance(item, Token))
            return Compare(fact, operator, tuple(listed))
        value = self._value(name, kind, right)
        if operator == "matches" and program(str(value), self._path, self._report) is None:
            raise _Told
        if kind == "flag":
            positive = self._alone(name)
            return positive if value == (operator == "==") else _opposite(positive)
        return Compare(fact, operator, value)

    def _value(self, name: str, kind: facts.Kind, item: Token) -> str | float | bool:
        """A value of the fact's kind."""
        if facts.secret(name):
            self._hidden.append(item)
        value: str | float | bool | None = None
        if kind == "flag":
            value = item.lower() == "true" if item.type == "TRUTH" else None
        elif kind in ("text", "texts"):
            value = plain(item) if item.type == "TEXT" else None
        elif kind == "number":
            value = _number(item) if item.type == "NUMBER" else None
        elif item.type != "TRUTH":
            value = MEASURED[kind](plain(item) if item.type == "TEXT" else item)
        if value is None:
            hint = "put it in quotes" if kind in ("text", "texts") else ""
            raise NoCondition(f"{{}} is {WORDS[kind]}, {{}} is none", name, str(item), hint=hint)
        choices = facts.CHOICES.get(name)
        if choices is not None and value not in choices:
            raise NoCondition("{} is never {}", name, str(value), hint="one of: " + ", ".join(choices))
        return value


def _opposite(node: Node) -> Node:
    if isinstance(node, Not):
        return node.part
    if node == All(()):
        return Some(())
    return All(()) if node == Some(()) else Not(node)


def _number(token: str) -> float | None:
    try:
        number = float(token)
    except ValueError:
        return None
    return number if isfinite(number) else None
