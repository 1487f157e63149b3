"""Which category an order has, by what its verb asks for and what its object is. None: the order says nothing."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.library.categories import TaskCategory
from pointsman.library.detection.objects import Thing
from pointsman.library.detection.words import (
    ASKING,
    CHANGES,
    FAULTS,
    JUDGED,
    NOUNS,
    PROSE,
    QUALITY,
    REMARKS,
    STYLE,
    Act,
)

CODING, REFACTORING = TaskCategory.CODING, TaskCategory.REFACTORING
TESTING, DOCUMENTATION = TaskCategory.TESTING, TaskCategory.DOCUMENTATION
DEBUGGING, CODE_REVIEW = TaskCategory.DEBUGGING, TaskCategory.CODE_REVIEW

Meaning = Callable[[Thing], TaskCategory | None]


def _implement(thing: Thing) -> TaskCategory | None:
    """Code, "implement a debugger"; only tests and documentation by themselves are not."""
    return thing.kind if thing.kind in (TESTING, DOCUMENTATION) else CODING


def _create(thing: Thing) -> TaskCategory | None:
    """What the object is, and code if it is nothing else."""
    return _give(thing) or (CODING if thing.words and not thing.ends(PROSE) else None)


def _give(thing: Thing) -> TaskCategory | None:
    """What the object is. Remarks on a change are a review."""
    if thing.kind is DOCUMENTATION and REMARKS.intersection(thing.words) and CHANGES.intersection(thing.after):
        return CODE_REVIEW
    return thing.kind


def _wish(thing: Thing) -> TaskCategory | None:
    """As created, if it is one of something: "I need a component"."""
    return _create(thing) if {"a", "an"}.intersection(thing.after[:2]) else _give(thing)


def _improve(thing: Thing) -> TaskCategory | None:
    return thing.kind or (REFACTORING if thing.ends(QUALITY) else None)


def _test(thing: Thing) -> TaskCategory | None:
    if not thing.words:
        return None
    return CODE_REVIEW if CHANGES.intersection(thing.words) else TESTING


def _document(thing: Thing) -> TaskCategory | None:
    """To explain why is to investigate."""
    return DEBUGGING if "why" in thing.after else DOCUMENTATION


def _fix(thing: Thing) -> TaskCategory | None:
    """A fault, but for slips in documentation and in style."""
    if DOCUMENTATION in (thing.kind, NOUNS.get(thing.after[-1]) if thing.after else None):
        return DOCUMENTATION
    return REFACTORING if thing.ends(STYLE) else DEBUGGING


def _find(thing: Thing) -> TaskCategory | None:
    """A fault, if the object is one; in a change it is a review."""
    if not FAULTS.intersection(thing.words):
        return None
    return CODE_REVIEW if CHANGES.intersection(thing.after) else DEBUGGING


def _inspect(thing: Thing) -> TaskCategory | None:
    return CODE_REVIEW if JUDGED.intersection(thing.words) and thing.after[0] not in ASKING else None


MEANING: dict[Act, Meaning] = {
    Act.IMPLEMENT: _implement,
    Act.CREATE: _create,
    Act.GIVE: _give,
    Act.WISH: _wish,
    Act.IMPROVE: _improve,
    Act.RESTRUCTURE: lambda _: REFACTORING,
    Act.TEST: _test,
    Act.DOCUMENT: _document,
    Act.FIX: _fix,
    Act.INVESTIGATE: lambda _: DEBUGGING,
    Act.FIND: _find,
    Act.REVIEW: lambda _: CODE_REVIEW,
    Act.INSPECT: _inspect,
}
