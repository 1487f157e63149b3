"""What is said about a configuration: findings with a place, collected so that all of them are told at once.

The law: a value reaches a message only as an argument of its template, through ``Report._shown``, which cuts it short,
escapes it and masks secrets. Nobody here reads files or decides what is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pointsman.config.nearest import near

Severity = Literal["error", "warning", "info"]

Path = tuple[str | int, ...]
"""Where a value stands in the data: keys and list indexes from the top."""

MAX_SHOWN = 60
"""Characters of a name that a message repeats."""

MAX_ALIKE = 3
"""Warnings and hints that say the same of many places are told this often, then counted."""

MIN_SECRET = 4
"""Characters; shorter values say too little to be masked wherever they occur."""

MASK = "***"

_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_RANK = {"error": 0, "warning": 1, "info": 2}


class Place(msgspec.Struct, frozen=True, gc=False):
    """A position in a file; lines and columns count from 1, 0 means unknown."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join((self.file, *(str(number) for number in (self.line, self.column) if number)))


Value = str | int | Place
"""What a message can repeat: a word, a number, a place."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One thing to know about a configuration. ``key`` is its path (``model_list[2].litellm_params.rmp``)."""

    severity: Severity
    file: str
    line: int
    column: int
    key: str
    message: str
    suggestion: str = ""

    @property
    def place(self) -> Place:
        return Place(self.file, self.line, self.column)

    def __str__(self) -> str:
        parts = [part for part in (str(self.place), self.severity, self.key, self.message) if part]
        return ": ".join(parts) + (f" ({self.suggestion})" if self.suggestion else "")


class _Said(msgspec.Struct, frozen=True):
    severity: Severity
    place: Place
    path: Path
    template: str
    suggestion: str
    values: tuple[Value, ...]


class Report:
    """Collects findings. ``locate`` may be set as soon as paths can be looked up in the files read."""

    def __init__(self, locate: Callable[[Path], Place] | None = None) -> None:
        self.locate: Callable[[Path], Place] = locate or (lambda _path: Place())
        self._said: list[_Said] = []
        self._wrong: set[Path] = set()
        self._secrets: set[str] = set()
        self._lengths: set[int] = set()
        self._files: dict[str, int] = {}
        self._beside: dict[str, None] = {}

    @property
    def failed(self) -> bool:
        """True if any error was said."""
        return any(said.severity == "error" for said in self._said)

    @property
    def files(self) -> tuple[str, ...]:
        """The files read, in order."""
        return tuple(self._files)

    def secret(self, value: str) -> None:
        """From now on no message repeats this value, or a name that contains it."""
        if len(value) >= MIN_SECRET:
            self._secrets.add(value)
            self._lengths.add(len(value))

    def file(self, name: str) -> None:
        """Findings are told in the order in which files were read."""
        self._files.setdefault(name, len(self._files))

    def wrong(self, path: Path) -> bool:
        """Was an error said of it?"""
        return path in self._wrong

    def beside(self, name: str) -> None:
        """A file that the configuration names was read, or would have been."""
        self._beside[name] = None

    @property
    def further(self) -> tuple[str, ...]:
        """The files that the configuration names."""
        return tuple(self._beside)

    def error(self, path: Path, template: str, *values: Value, suggestion: str = "") -> None:
        self.say("error", path, template, *values, suggestion=suggestion)

    def warning(self, path: Path, template: str, *values: Value, suggestion: str = "") -> None:
        self.say("warning", path, template, *values, suggestion=suggestion)

    def info(self, path: Path, template: str, *values: Value, suggestion: str = "") -> None:
        self.say("info", path, template, *values, suggestion=suggestion)

    def unknown(
        self,
        severity: Severity,
        path: Path,
        template: str,
        word: str,
        options: Iterable[str],
        otherwise: str = "",
    ) -> None:
        """A word that is not one of ``options``: suggests the nearest, or says ``otherwise``."""
        meant = near(word, options)
        if meant is None:
            self.say(severity, path, template, word, suggestion=otherwise)
        else:
            self.say(severity, path, template, word, meant, suggestion="did you mean {1}?")

    def say(
        self,
        severity: Severity,
        path: Path,
        template: str,
        *values: Value,
        suggestion: str = "",
        place: Place | None = None,
    ) -> None:
        """``template`` and ``suggestion`` take ``values`` by number. A path that is wrong already is not told twice."""
        if path in self._wrong:
            return
        if severity == "error" and path:
            self._wrong.add(path)
        self._said.append(_Said(severity, place or self.locate(path), path, template, suggestion, values))

    def findings(self) -> tuple[Finding, ...]:
        """All that was said, in the order of the files; many alike are counted after the first few."""
        told = [self._told(said, more) for said, more in self._condensed()]
        last = len(self._files)
        order = {finding: number for number, finding in enumerate(told)}
        return tuple(
            sorted(
                order,
                key=lambda f: (self._files.get(f.file, last), f.line, f.column, _RANK[f.severity], order[f]),
            )
        )

    def _condensed(self) -> Iterable[tuple[_Said, int]]:
        alike: dict[tuple[object, ...], list[_Said]] = {}
        for number, said in enumerate(self._said):
            shape = tuple(part for part in said.path if isinstance(part, str))
            same = number if said.severity == "error" else (said.severity, shape, said.template, said.values)
            alike.setdefault((same,), []).append(said)
        for group in alike.values():
            kept = group[:MAX_ALIKE]
            for said in kept:
                yield said, len(group) - len(kept) if said is kept[-1] else 0

    def _told(self, said: _Said, more: int) -> Finding:
        shown = [self._shown(value) for value in said.values]
        message = said.template.format(*shown) + (f"; so in {more} more places" if more else "")
        place = said.place
        return Finding(
            said.severity,
            place.file,
            place.line,
            place.column,
            self._key(said.path),
            message,
            said.suggestion.format(*shown),
        )

    def _shown(self, value: Value) -> str:
        return f"`{self._plain(value)}`" if isinstance(value, str) else str(value)

    def _plain(self, value: str) -> str:
        if self._betrays(value):
            return MASK
        cut = value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 1] + "…"
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)

    def masked(self, text: str) -> str:
        """The text without the secrets in it, for what is kept to be shown later."""
        for secret in sorted((secret for secret in self._secrets if secret in text), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def _betrays(self, value: str) -> bool:
        """True if a secret begins in the shown part of ``value``. Cheap however many secrets there are."""
        ends = min(len(value), MAX_SHOWN)
        return any(value[at : at + length] in self._secrets for length in self._lengths for at in range(ends))

    def _key(self, path: Path) -> str:
        text = ""
        for part in path:
            if isinstance(part, int):
                text += f"[{part}]"
            elif _SIMPLE_KEY.match(part) and len(part) <= MAX_SHOWN:
                text += f".{self._plain(part)}" if text else self._plain(part)
            else:
                text += f"[{self._plain(part)!r}]"
        return text
