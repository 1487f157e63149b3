"""Blocks that stand alone, without the name of their section, told apart by their shape (the documents print them so).

A list of patterns is put where it belongs. Other shapes are known by name only until the version that acts on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.config.yaml_marks import Marks, Read

SHAPES: tuple[tuple[str, frozenset[str]], ...] = (
    ("a fallback chain", frozenset({"chain"})),
    ("a strategy", frozenset({"applicable_to", "weight_factors", "measure"})),
    (
        "a capability",
        frozenset({"preferred_models", "provider", "providers", "min_model_size", "min_context"}),
    ),
)
"""What a block is if it has any of these keys; the first row that fits counts."""


def unwrapped(read: Read) -> Read | None:
    """A document whose top is a mapping: a bare list of patterns becomes ``patterns``. None for anything else."""
    if isinstance(read.value, dict):
        return read
    if isinstance(read.value, list) and read.marks is not None and read.value:
        items = read.value
        if all(isinstance(item, dict) and "pattern" in item for item in items):
            at = read.marks.at
            return Read({"patterns": items}, Marks(at, {"patterns": at}, {"patterns": read.marks}))
    return None


def shape_of(value: Any) -> str | None:
    """The kind of block that ``value`` looks like, in words."""
    if not isinstance(value, Mapping):
        return None
    for words, keys in SHAPES:
        if not keys.isdisjoint(value):
            return words
    return None
