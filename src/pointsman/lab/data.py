"""Labelled prompts from files of JSON lines, and a split that is the same everywhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from pointsman.routing.classify.shipped import prompts


class Labelled(NamedTuple):
    """``weight``: how much an example counts in learning."""

    prompt: str
    label: str
    weight: float = 1.0


class _Task(msgspec.Struct, frozen=True):
    prompt: str
    task: str


class _Intent(msgspec.Struct, frozen=True):
    prompt: str
    intent: str
    split: str
    oos: bool = False


class Intents(NamedTuple):
    """Intents with their examples, and what to measure on: prompts within the intents, and prompts outside of all."""

    train: list[Labelled]
    within: list[Labelled]
    outside: list[Labelled]


TERM = 0.5
"""A single term of a trade counts half as much as a whole prompt."""


def read_tasks(path: Path) -> list[Labelled]:
    """Lines with ``prompt`` and ``task``."""
    rows = (msgspec.json.decode(line, type=_Task) for line in path.read_bytes().splitlines())
    return [Labelled(row.prompt, row.task) for row in rows]


def read_intents(path: Path) -> Intents:
    """Lines with ``prompt``, ``intent``, ``oos`` and ``split``: train, or the part to measure on."""
    found = Intents([], [], [])
    for line in path.read_bytes().splitlines():
        row = msgspec.json.decode(line, type=_Intent)
        kept = found.outside if row.oos else found.train if row.split == "train" else found.within
        kept.append(Labelled(row.prompt, row.intent))
    return found


def own() -> list[Labelled]:
    """The project's own prompts and terms."""
    return [Labelled(row.prompt, row.task, TERM if row.term else 1.0) for row in prompts()]


def held_out(rows: Iterable[Labelled], part: int = 0, parts: int = 5) -> tuple[list[Labelled], list[Labelled]]:
    """To learn from, and to measure on: every prompt is in the part that its own checksum says."""
    split: tuple[list[Labelled], list[Labelled]] = ([], [])
    for row in rows:
        split[zlib.crc32(row.prompt.encode()) % parts == part].append(row)
    return split
