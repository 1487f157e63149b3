"""The categories of programming tasks, their spellings, and what tells a prompt's."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from pointsman.config.nearest import near
from pointsman.errors import UnknownCategory


class TaskCategory(StrEnum):
    """What a task is about. docs/concepts/task-router.md says what belongs where."""

    CODING = "coding"
    """Implementation and feature development."""

    REFACTORING = "refactoring"
    """Clean-up and optimisation of code that does what it should."""

    TESTING = "testing"
    """Writing tests, and validation."""

    DOCUMENTATION = "documentation"
    """Documentation, comments, and explanations of code."""

    DEBUGGING = "debugging"
    """Bug fixes and the investigation of errors."""

    CODE_REVIEW = "code_review"
    """Judgement on code, and approval of it."""

    UNKNOWN = "unknown"
    """None of these."""


class Detector(Protocol):
    """Tells the category of a prompt."""

    def detect(self, prompt: str, /) -> TaskCategory: ...


_SPELLINGS = {
    TaskCategory.CODING: ("code", "implementation", "implement", "programming", "development", "feature"),
    TaskCategory.REFACTORING: ("refactor", "cleanup", "optimization", "optimisation"),
    TaskCategory.TESTING: ("test", "tests", "validation"),
    TaskCategory.DOCUMENTATION: ("docs", "doc", "document", "documenting", "comments"),
    TaskCategory.DEBUGGING: ("debug", "bugfix", "bug fix", "fix"),
    TaskCategory.CODE_REVIEW: ("review", "reviewing", "approval"),
    TaskCategory.UNKNOWN: ("none", "other"),
}


def category_of(word: object) -> TaskCategory:
    """The category that is meant, in any spelling: ``TaskCodeReview``, ``code-review``, ``Review``, ``docs`` …

    Raises UnknownCategory, which lists the known ones and names the nearest.
    """
    if isinstance(word, TaskCategory):
        return word
    if isinstance(word, str) and word in _WORDS:  # as it is written most
        return _WORDS[word]
    known = ", ".join(_WORDS)
    if not isinstance(word, str):
        raise UnknownCategory(f"a task category is a word, not {type(word).__name__}; known: {known}", param="category")
    found = spelled(word)
    if found is not None:
        return found
    meant = near(word.strip(), _NAMES)
    hint = f"; did you mean {meant!r}?" if meant is not None else "."
    raise UnknownCategory(f"unknown task category {word!r:.80}{hint} Known: {known}", param="category")


def spelled(word: str) -> TaskCategory | None:
    """The category of which this is a spelling; None if it is of none."""
    return _BY_SPELLING.get(_folded(word))


def _folded(word: str) -> str:
    """Without case, blanks, hyphens and underscores, and without the ``Task`` of the Go constants."""
    plain = "".join(char for char in word.casefold() if char.isalnum())
    return plain.removeprefix("task").removeprefix("category")


_WORDS = {str(category): category for category in TaskCategory}
_BY_SPELLING = {
    _folded(spelling): category for category, others in _SPELLINGS.items() for spelling in (category.value, *others)
}
_NAMES = tuple(spelling for category, others in _SPELLINGS.items() for spelling in (category.value, *others))
