"""Several files to one document: mappings merge deeply, lists join, and a scalar may be said only once.

The same scalar twice with the same value is no contradiction; with different values it is an error that names both
places and neither value. A key with nothing behind it says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pointsman.config.findings import Path, Place, Report
from pointsman.config.yaml_marks import Marks, Read


def merged(documents: Sequence[Read], report: Report) -> Read:
    """One new document; those given stay as they are."""
    whole = Read({}, Marks(Place()))
    for document in documents:
        whole = Read(*_mappings(whole, document, (), report))
    return whole


def _mappings(one: Read, other: Read, path: Path, report: Report) -> tuple[dict[str, Any], Marks]:
    if one.marks is None or other.marks is None:
        raise TypeError("a mapping has marks")
    value = dict(one.value)
    keys, inner = dict(one.marks.keys), dict(one.marks.inner)
    at = one.marks.at if one.marks.at.file else other.marks.at
    for key, added in other.value.items():
        place, marks = other.marks.keys[key], other.marks.inner.get(key)
        if value.get(key) is None:
            value[key], keys[key] = added, place
        elif added is not None:
            both = Read(value[key], inner.get(key)), Read(added, marks)
            value[key], marks = _both(both, (keys[key], place), (*path, key), report)
        else:
            marks = inner.get(key)
        if marks is not None:
            inner[key] = marks
    return value, Marks(at, keys, inner)


def _both(both: tuple[Read, Read], places: tuple[Place, Place], path: Path, report: Report) -> tuple[Any, Marks | None]:
    one, other = both
    if isinstance(one.value, dict) and isinstance(other.value, dict):
        return _mappings(one, other, path, report)
    if isinstance(one.value, list) and isinstance(other.value, list):
        return _lists(one, other)
    if type(one.value) is not type(other.value) or isinstance(one.value, dict | list):
        report.say("error", path, "is something else in {}", places[0], place=places[1])
    elif one.value != other.value:
        report.say("error", path, "has another value in {}", places[0], place=places[1])
    return one.value, one.marks


def _lists(one: Read, other: Read) -> tuple[list[Any], Marks]:
    if one.marks is None or other.marks is None:
        raise TypeError("a list has marks")
    length = len(one.value)
    keys, inner = dict(one.marks.keys), dict(one.marks.inner)
    keys.update({length + index: place for index, place in other.marks.keys.items() if isinstance(index, int)})
    inner.update({length + index: marks for index, marks in other.marks.inner.items() if isinstance(index, int)})
    return [*one.value, *other.value], Marks(one.marks.at, keys, inner)
