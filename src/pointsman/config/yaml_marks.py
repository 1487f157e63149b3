"""YAML text to plain data, with the place of every key. Nothing here knows what a configuration means.

Built from libyaml's events without recursion, so that depth, aliases and size are bounded while reading: a file can
be wrong, but it can't be dangerous. Aliases share one object; who changes data must copy it first.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
import yaml

from pointsman.config import scalars
from pointsman.config.findings import Path, Place, Report

MAX_DEPTH = 64
MAX_BYTES = 64 * 1024 * 1024
MAX_NODES = 4_000_000
MAX_ALIASED = 500_000
"""Values a file may come to, and those of them that only aliases add."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CORE = "tag:yaml.org,2002:"


class Marks(msgspec.Struct, gc=False):
    """Where a mapping's keys or a list's items stand, and the marks of those that are containers themselves."""

    at: Place
    keys: dict[str | int, Place] = {}
    inner: dict[str | int, Marks] = {}

    def place(self, path: Path) -> Place:
        """The place of the deepest part of ``path`` that exists."""
        marks, found = self, self.at
        for part in path:
            if part not in marks.keys:
                break
            found = marks.keys[part]
            if part not in marks.inner:
                break
            marks = marks.inner[part]
        return found


class Read(msgspec.Struct, frozen=True):
    """A value with its marks (None for a scalar)."""

    value: Any
    marks: Marks | None
    size: int = 1


class _Open(msgspec.Struct):
    """A mapping or list that is being read."""

    value: dict[str, Any] | list[Any]
    marks: Marks
    anchor: str | None
    since: int
    key: str | None = None
    merged: list[Read] = []


class _Refused(Exception):  # noqa: N818  leaves the reader with the one thing that ends it
    def __init__(self, place: Place, *words: Any) -> None:
        super().__init__(*words)
        self.place = place
        self.words = words


def read_yaml(text: bytes, file: str, report: Report) -> Read | None:
    """The file's one document, or None with the reason in the report. An empty document has the value None."""
    if len(text) > MAX_BYTES:
        report.say("error", (), "this is larger than {} bytes", MAX_BYTES, place=Place(file))
        return None
    reader = _Reader(file, report)
    try:
        for event in yaml.parse(io.BytesIO(text), Loader=LOADER):
            reader.take(event)
    except _Refused as refused:
        report.say("error", (), *refused.words, place=refused.place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        problem = (error.problem or "can't be read").replace("{", "{{").replace("}", "}}")
        report.say("error", (), f"this is not YAML: {problem}", place=place)
    except (yaml.YAMLError, UnicodeError, ValueError):
        report.say("error", (), "this is not a text file in UTF-8", place=Place(file))
    else:
        return reader.root or Read(None, None)
    return None


class _Reader:
    """Takes events one by one; ``root`` is the document when all were taken."""

    def __init__(self, file: str, report: Report) -> None:
        self.root: Read | None = None
        self._file = file
        self._report = report
        self._stack: list[_Open] = []
        self._anchors: dict[str, Read | None] = {}
        self._size = 0
        self._aliased = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._open(event, {})
        elif kind is yaml.SequenceStartEvent:
            self._open(event, [])
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self._close()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                raise _Refused(self._place(event), "a second document begins here; write one per file")

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _path(self) -> Path:
        parts = (o.key if isinstance(o.value, dict) else len(o.value) for o in self._stack)
        return tuple(part for part in parts if part is not None)

    def _grow(self, by: int, place: Place) -> None:
        self._size += by
        if self._size > MAX_NODES:
            raise _Refused(place, "this comes to more than {} values", MAX_NODES)

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and isinstance(frame.value, dict):
            self._key(frame, text, event)
            return
        value: scalars.Scalar = text
        if event.implicit[0]:
            value = scalars.plain(text)
        elif event.tag is not None and event.tag != "!" and not event.implicit[1]:
            value = self._tagged(event, text)
        read = Read(value, None)
        if event.anchor is not None:
            self._anchors[event.anchor] = read
        self._put(read, event)

    def _tagged(self, event: Any, text: str) -> scalars.Scalar:
        name = event.tag.removeprefix(CORE)
        if event.tag == name or name not in scalars.TAGS:
            self._report.say(
                "error",
                self._path(),
                "has a tag that is not known here: {}",
                event.tag,
                place=self._place(event),
            )
            return text
        try:
            return scalars.tagged(name, text)
        except ValueError:
            self._report.say("error", self._path(), "is not what its tag says: {}", name, place=self._place(event))
            return text

    def _key(self, frame: _Open, text: str, event: Any) -> None:
        place = self._place(event)
        frame.key = text
        if text == "<<" and event.implicit[0]:
            return
        if event.anchor is not None:
            self._anchors[event.anchor] = Read(text, None)
        if text in frame.value:
            first = frame.marks.keys[text].line
            self._report.say("error", self._path(), "stands twice in one mapping, first on line {}", first, place=place)
        frame.marks.keys[text] = place

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        place = self._place(event)
        if len(self._stack) >= MAX_DEPTH:
            raise _Refused(place, "this is nested deeper than {} levels", MAX_DEPTH)
        if self._stack and self._stack[-1].key is None and isinstance(self._stack[-1].value, dict):
            raise _Refused(place, "a key must be text, not a mapping or a list")
        if event.tag is not None and not event.implicit and event.tag not in (CORE + "map", CORE + "seq", "!"):
            self._report.say("error", self._path(), "has a tag that is not known here: {}", event.tag, place=place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(value, Marks(place), event.anchor, self._size))

    def _close(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.value, dict):
            _merge(frame)
        read = Read(frame.value, frame.marks, self._size - frame.since + 1)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = read
        self._put(read, None)

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        if event.anchor not in self._anchors:
            raise _Refused(place, "no anchor of this name stands before it: {}", event.anchor)
        read = self._anchors[event.anchor]
        if read is None:
            raise _Refused(place, "an alias inside of its own anchor has no end: {}", event.anchor)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and isinstance(frame.value, dict):
            if read.marks is not None:
                raise _Refused(place, "a key must be text, not a mapping or a list")
            self._key(frame, str(read.value), event)
            return
        self._aliased += read.size
        if self._aliased > MAX_ALIASED:
            raise _Refused(place, "the aliases up to here come to more than {} values", MAX_ALIASED)
        self._grow(read.size - 1, place)
        self._put(read, event)

    def _put(self, read: Read, event: Any | None) -> None:
        """Give a finished value to the container it stands in. ``event`` is None for containers."""
        if not self._stack:
            self.root = read
            return
        frame = self._stack[-1]
        place = read.marks.at if read.marks is not None else self._place(event)
        self._grow(1, place)
        if isinstance(frame.value, list):
            index: str | int = len(frame.value)
            frame.value.append(read.value)
            frame.marks.keys[index] = place
        else:
            index, frame.key = frame.key or "", None
            if index == "<<" and index not in frame.marks.keys:
                self._inherit(frame, read, place)
                return
            frame.value[index] = read.value
        if read.marks is not None:
            frame.marks.inner[index] = read.marks

    def _inherit(self, frame: _Open, read: Read, place: Place) -> None:
        """``<<: *one`` or ``<<: [*one, *other]``; the earlier one counts where both say something."""
        if isinstance(read.value, dict):
            frame.merged.append(read)
            return
        items = read.value if isinstance(read.value, list) else [None]
        for index, item in enumerate(items):
            if not isinstance(item, dict) or read.marks is None:
                raise _Refused(place, "`<<` takes a mapping or a list of mappings")
            frame.merged.append(Read(item, read.marks.inner[index]))


def _merge(frame: _Open) -> None:
    value = frame.value
    if not isinstance(value, dict):
        return
    for read in frame.merged:
        for key, inherited in read.value.items():
            if key not in value and read.marks is not None:
                value[key] = inherited
                frame.marks.keys[key] = read.marks.keys[key]
                if key in read.marks.inner:
                    frame.marks.inner[key] = read.marks.inner[key]
