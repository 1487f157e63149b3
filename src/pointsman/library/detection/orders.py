"""What a sentence orders: a verb at its head, behind words that lead up to it, and what the verb's object is.

Words are compared as wholes, so "latest" is no test and "recode" no code. What stands further behind is what the order
is about, not what it asks for: "write tests for the refactored parser" is testing, "refactor the tests" refactoring.
"""

from __future__ import annotations

from typing import NamedTuple

import re2

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.acts import MEANING
from pointsman.library.detection.objects import Sentence, kind, noun, thing
from pointsman.library.detection.words import BEHIND, LABELS, LEADING, LONGEST, SKIPPED, VERBS

LABEL = 80
"""Characters of a text in which its label must end."""

_LABEL = re2.compile(r"^\W*([a-z]+(?: [a-z]+)?)(?:\([^)\n]{1,40}\))?!?:(?:\s|$)")
_CODE = frozenset("(._=[</\\{")
"""Behind a word of code: ``test(…)`` and ``fix.me`` are no orders."""

_PALE = SKIPPED | LEADING


class Order(NamedTuple):
    """``words`` are those that decided. ``bare``: nothing else is in the sentence, as in "please optimize this"."""

    category: TaskCategory
    words: str
    bare: bool = False


def label(plain: str) -> Order | None:
    """What a text is labelled at its beginning, as commits are: ``fix(parser): wrong offset``."""
    found = _LABEL.search(plain[:LABEL])
    category = LABELS.get(found.group(1)) if found is not None else None
    return Order(category, found.group(1)) if category is not None else None


def order(found: Sentence) -> Order | None:
    """What the sentence orders, at its beginning or behind a comma; None if it is no order."""
    start = 0
    while start < len(found.words):
        told = _clause(found, start)
        if told is not None:
            return told
        start = next((n + 1 for n in range(start, len(found.words)) if "," in found.gaps[n]), len(found.words))
    return None


def fragment(found: Sentence) -> Order | None:
    """An order without a verb: "unit tests for the parser"."""
    start = 1 if found.words[:1] in (["a"], ["an"], ["some"]) else 0
    words = noun(found, start)
    end = start + len(words)
    if not words or words != found.words[start:end]:
        return None
    if end < len(found.words) and found.words[end] not in BEHIND and not found.gaps[end - 1].strip():
        return None
    category = kind(words)
    return Order(category, " ".join(words[-3:])) if category is not None else None


def _clause(found: Sentence, start: int) -> Order | None:
    """By the first verb that says something, with nothing but leading words before it."""
    for at in range(start, len(found.words)):
        for size in range(min(LONGEST, len(found.words) - at), 0, -1):
            verb = " ".join(found.words[at : at + size])
            act = VERBS.get(verb)
            if act is None or found.gaps[at + size - 1][:1] in _CODE:
                continue
            what = thing(found, at + size)
            category = MEANING[act](what)
            if category is not None:
                return Order(category, " ".join((verb, *what.words[-3:])), _PALE.issuperset(what.after))
            break
        if found.words[at] not in LEADING or "," in found.gaps[at]:
            return None
    return None
