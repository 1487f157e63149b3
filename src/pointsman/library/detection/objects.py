"""Sentences as words, and the objects of verbs: "unit tests" in "write some unit tests for the parser"."""

from __future__ import annotations

import re
from typing import NamedTuple

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.words import NOUNS, PAIRS, PARTS, PIECES, SKIPPED, STOPS

WORDS = 32
"""Of a sentence that are looked at."""

LONGEST, AFTER = 10, 16
"""Words of an object at most, and words behind a verb that are looked at."""

_WORD = re.compile(r"\w+(?:['-]\w+)*")


class Sentence(NamedTuple):
    """Its words, and what stands behind each before the next."""

    words: list[str]
    gaps: list[str]


class Thing(NamedTuple):
    """The object of a verb: its noun with what qualifies it; all words behind the verb; the kind of thing, if it is one
    that makes the order's category by itself.
    """

    words: list[str]
    after: list[str]
    kind: TaskCategory | None

    def ends(self, nouns: frozenset[str]) -> bool:
        """True if its noun is one of these."""
        return bool(self.words) and self.words[-1] in nouns


def read(sentence: str) -> Sentence:
    words: list[str] = []
    gaps: list[str] = []
    end = 0
    for match in _WORD.finditer(sentence):
        if words:
            gaps.append(sentence[end : match.start()])
        if len(words) == WORDS:
            return Sentence(words, gaps)
        words.append(match.group())
        end = match.end()
    gaps.append(sentence[end:])
    return Sentence(words, gaps)


def thing(found: Sentence, at: int) -> Thing:
    """The object that begins there."""
    words = noun(found, at)
    after = found.words[at : at + AFTER]
    return Thing(words, after, kind(words) or _whole(words, after))


def noun(found: Sentence, at: int) -> list[str]:
    """A noun with the words before it, without articles; up to a preposition, a clause or a sign."""
    words: list[str] = []
    for n in range(at, min(len(found.words), at + LONGEST)):
        word = found.words[n]
        if word in STOPS and (words or word not in SKIPPED):
            break
        if word not in SKIPPED:
            words.append(word)
        if found.gaps[n].strip(" `'\"*-"):
            break
    return words


def kind(words: list[str]) -> TaskCategory | None:
    """A test, a document, a review or a fix, by the last noun that says so; None if it is only for one."""
    for n in range(len(words) - 1, -1, -1):
        found = PAIRS.get(" ".join(words[max(n - 1, 0) : n + 1])) or NOUNS.get(words[n])
        if found is not None:
            return found if PARTS.issuperset(words[n + 1 :]) else None
    return None


def _whole(words: list[str], after: list[str]) -> TaskCategory | None:
    """What a piece belongs to: "add an example to the README"."""
    if not words or words[-1] not in PIECES:
        return None
    wholes = [NOUNS[word] for word in after[len(words) :] if word in NOUNS]
    return wholes[-1] if wholes and wholes[-1] in (TaskCategory.TESTING, TaskCategory.DOCUMENTATION) else None
