"""Paths to documents: which files there are, what stands in them, and one document of them all.

The only place of this room that reads files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path as File
from typing import Any

from pointsman.config.bare import unwrapped
from pointsman.config.findings import Place, Report
from pointsman.config.merge import merged
from pointsman.config.yaml_marks import MAX_BYTES, Read, read_yaml

SUFFIXES = frozenset({".yaml", ".yml"})

Stamp = tuple[tuple[str | int, ...], ...]
"""What files looked like at one time."""


def read_all(paths: Sequence[File], report: Report) -> Read:
    """One document of all files; what could not be read is in the report and left out."""
    documents = []
    for file in _files(paths, report):
        name = str(file)
        report.file(name)
        text = contents(file, report)
        if text is None:
            continue
        read = read_yaml(text, name, report)
        if read is not None:
            documents += _documents(read, name, report)
    return merged(documents, report)


def stamp(paths: Sequence[File]) -> Stamp:
    """What can be seen of the files that ``read_all`` would read without opening them."""
    return tuple((str(file), *_seen(file)) for file in _files(paths, Report()))


def _seen(file: File) -> tuple[int, ...]:
    """When it was last written, its size, and which one it is, for a new file in the place of the old may look as old.
    Nothing of one that is not there.
    """
    try:
        at = file.stat()
    except (OSError, ValueError):
        return ()
    return at.st_mtime_ns, at.st_size, at.st_ino


def _documents(read: Read, name: str, report: Report) -> list[Read]:
    if read.value is None:
        report.say("warning", (), "this says nothing", place=Place(name))
        return []
    documents = unwrapped(read, report)
    if not documents:
        hint = "begin with `model_list:`"
        report.say("error", (), "this is not a mapping of sections", place=Place(name, 1, 1), suggestion=hint)
    return documents


def _files(paths: Sequence[File], report: Report) -> Iterable[File]:
    seen: set[File] = set()
    for path in paths:
        for file in _expanded(path, report):
            real = _real(file)
            if real not in seen:
                seen.add(real)
                yield file


def _real(file: File) -> File:
    try:
        return file.resolve()
    except (OSError, RuntimeError, ValueError):
        return file


def _expanded(path: File, report: Report) -> list[File]:
    try:
        if not path.is_dir():
            return [path]
        found = [f for f in path.iterdir() if f.suffix.lower() in SUFFIXES and f.name[0] != "." and not f.is_dir()]
    except (OSError, ValueError) as error:
        report.say("error", (), "can't be read: " + _reason(error), place=Place(str(path)))
        return []
    if not found:
        report.say("error", (), "there is no *.yaml or *.yml in this folder", place=Place(str(path)))
    return sorted(found)


def contents(file: File, report: Report) -> bytes | None:
    """The beginning of a file, a byte more than may be; None with an error told."""
    try:
        if file.exists() and not file.is_file():
            report.say("error", (), "this is not a file", place=Place(str(file)))
            return None
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        report.say("error", (), "this can't be read: " + _reason(error), place=Place(str(file)))
        return None


def secret(file: File, most: int) -> bytes | str:
    """The beginning of a file beside the configuration, a byte more than ``most`` at most; a text says why not."""
    try:
        if file.exists() and not file.is_file():
            return "it is not a file"
        with file.open("rb") as stream:
            return stream.read(most + 1)
    except (OSError, ValueError) as error:
        return _reason(error)


def _reason(error: Any) -> str:
    return str(getattr(error, "strerror", None) or "not a path")
