"""The embedded encoder: how alike a text is to categories, by words and parts of words. Nothing to download.

The similarity to a category is the best of three, each 0..1: what a head fitted to all categories' examples finds; how
much the text reads like the well-known kind of work that the category is named after; and how many keywords it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import re2

from pointsman.config.classes import class_of
from pointsman.config.phrases import phrase
from pointsman.routing.classify.head import Course, Example, Head, fit
from pointsman.routing.classify.kinds import Kind
from pointsman.routing.classify.shipped import Shipped, prompts, shipped
from pointsman.routing.classify.text import folded

COURSE = Course(rounds=5, step=10.0)
EVERYDAY, BACKGROUND = frozenset({"knowledge", "chat"}), 0.3
"""Classes whose prompts are examples of no category, and how much each counts. Chosen with COURSE on parts of CLINC150:
docs/concepts/classification.md."""

WORDY = 600.0
"""Characters of text that make up for one keyword: a word in passing says less in a long text."""


class Lexical:
    """Over one set of categories."""

    def __init__(self, kinds: Iterable[Kind], most: int, learnt: Shipped | None = None) -> None:
        """``most``: characters of a text that are looked at. ``learnt``: other weights than those that ship."""
        listed = tuple(kinds)
        self._most = most
        self._shipped = learnt if learnt is not None else shipped()
        self._head = _fitted(listed, self._shipped, most)
        self._named: dict[str, list[str]] = defaultdict(list)
        for kind in listed:
            known = class_of(kind.name)
            if known is not None and known in self._shipped.head.labels:
                self._named[known].append(kind.name)
        self._known = self._shipped.knowing(frozenset(self._named)) if self._named else None
        self._keywords = [(kind.name, _program(kind.keywords)) for kind in listed if kind.keywords]
        self._nothing = dict.fromkeys((kind.name for kind in listed), 0.0)

    def similarities(self, text: str) -> dict[str, float]:
        """Category -> similarity, 0..1. A text without a word or sign is like nothing."""
        views = self._shipped.views(text, self._most)
        found = dict(self._nothing)
        if not len(views[0].places):
            return found
        found.update(self._head.likely(*views))
        if self._known is not None:
            likely = self._known.likely(*views)
            for known, names in self._named.items():
                for name in names:
                    found[name] = max(found[name], likely[known])
        if self._keywords:
            plain = folded(text)
            for name, program in self._keywords:
                count = len({hit.lower() for hit in program.findall(plain)})
                found[name] = max(found[name], count / (count + 1 + len(plain) / WORDY))
        return found


def _fitted(kinds: Sequence[Kind], known: Shipped, most: int) -> Head:
    """A head over the categories' examples, against what people ask every day."""
    examples = [Example(known.unit(text, most), kind.name) for kind in kinds for text in kind.texts]
    named = {class_of(kind.name) for kind in kinds}
    everyday = [each.prompt for each in prompts() if not each.term and each.task in EVERYDAY - named]
    return fit([*examples, *(Example(known.unit(text, most), None, BACKGROUND) for text in everyday)], COURSE)


def _program(keywords: Iterable[str]) -> Any:
    """Finds any of the keywords as whole words."""
    return re2.compile("|".join(f"(?:{phrase(folded(word))})" for word in keywords))
