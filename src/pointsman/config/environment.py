"""Values as they are meant: references to the environment resolved, and nothing left that JSON could not say.

``os.environ/NAME`` is a whole value, ``${NAME}`` and ``${NAME:-otherwise}`` may stand inside of one, ``$${`` writes
``${``. What comes from the environment is a secret: it is used, never printed. The process's environment is only read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from pointsman.config.findings import Path, Report
from pointsman.config.yaml_marks import MAX_DEPTH, MAX_NODES

WHOLE = "os.environ/"
SECTION = "environment_variables"
KEYLIKE = re.compile(r"(?:^|_)(?:api_?keys?|key|secret|password|token|credentials?|authorization)$", re.IGNORECASE)
"""Names whose text is masked wherever a message might repeat it."""

REFUSED = frozenset({"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "HOME"})
"""Not taken from ``environment_variables``: no model server needs them, and they change what programs run."""

SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""Whole numbers that every JSON reader can hold; larger floats make no sense here either."""

_INSIDE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Environment:
    """Variables by name: the configuration's own, then the process's. Remembers which were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.own: dict[str, str] = {}
        self._environ = environ
        self._used: set[str] = set()
        self.lost: set[Path] = set()
        """Where keys stand whose variable is not set, which was told."""

    def get(self, name: str) -> str | None:
        """The variable, or None if it is not set or empty."""
        self._used.add(name)
        return self.own.get(name) or self._environ.get(name) or None

    def unused(self) -> list[str]:
        """Names of ``environment_variables`` that nothing referred to."""
        return [name for name in self.own if name not in self._used]


def resolved(data: Mapping[str, Any], environment: Environment, report: Report) -> dict[str, Any]:
    """A new tree of plain values. What can't be one is in the report, with an empty text in its place."""
    cleaner = _Cleaner(environment, report)
    own = data.get(SECTION)
    if isinstance(own, Mapping):
        _take_own(own, environment, report, cleaner)
    rest = {key: value for key, value in data.items() if key != SECTION}
    if own is not None and not isinstance(own, Mapping):
        report.error((SECTION,), "expected a mapping of names to values")
    return cleaner.mapping(rest, ())


def _take_own(own: Mapping[Any, Any], environment: Environment, report: Report, cleaner: _Cleaner) -> None:
    for name, value in own.items():
        path = (SECTION, str(name))
        if str(name).upper() in REFUSED:
            report.warning(path, "is not taken from a configuration")
            continue
        clean = cleaner.value(value, path)
        if isinstance(clean, dict | list):
            report.error(path, "expected text, a number, or true or false")
        elif clean is not None:
            environment.own[str(name)] = str(clean)
            report.secret(str(clean))


class _Cleaner:
    def __init__(self, environment: Environment, report: Report) -> None:
        self._environment = environment
        self._report = report
        self._open: set[int] = set()
        self._values = 0

    def mapping(self, data: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for key, value in data.items():
            if isinstance(key, str):
                clean[key] = self.value(value, (*path, key))
            else:
                self._report.error(path, "has a key that is not text")
        return clean

    def value(self, value: Any, path: Path) -> Any:
        self._values += 1
        if isinstance(value, str):
            return self._text(value, path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            if not SMALLEST <= value <= LARGEST or (isinstance(value, float) and not math.isfinite(value)):
                self._report.error(path, "expected a finite number of at most 64 bits")
                return 0
            return value
        return self._container(value, path)

    def _container(self, value: Any, path: Path) -> Any:
        if not isinstance(value, Mapping | list | tuple):
            self._report.error(path, "is not plain data (text, numbers, lists, mappings)")
            return ""
        if id(value) in self._open or len(path) > MAX_DEPTH or self._values > MAX_NODES:
            self._report.error(path, "is nested deeper than {} levels, or too large", MAX_DEPTH)
            return ""
        self._open.add(id(value))
        try:
            if isinstance(value, Mapping):
                return self.mapping(value, path)
            return [self.value(item, (*path, index)) for index, item in enumerate(value)]
        finally:
            self._open.discard(id(value))

    def _text(self, text: str, path: Path) -> str | None:
        if text.startswith(WHOLE):
            return self._from_environment(text[len(WHOLE) :].strip(), path)
        if "${" in text:
            return self._inside(text, path)
        if self._is_secret(path):
            self._report.secret(text)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._report.error(path, "has half a character in it (a lone surrogate)")
            return ""
        return text

    def _inside(self, text: str, path: Path) -> str | None:
        lost = taken = False

        def put(found: re.Match[str]) -> str:
            nonlocal lost, taken
            if found[1]:
                return found[0][1:]
            value = self._environment.get(found[2])
            if value is None and found[3] is not None:
                return found[3]
            if value is None:
                value = self._from_environment(found[2], path)
            taken = True
            lost = lost or not value
            self._report.secret(value or "")
            return value or ""

        result = _INSIDE.sub(put, text)
        if taken or self._is_secret(path):
            self._report.secret(result)
        return None if lost and path[-1] == "api_key" else "" if lost else result

    @staticmethod
    def _is_secret(path: Path) -> bool:
        name = path[-1] if isinstance(path[-1], str) else path[-2] if len(path) > 1 else ""
        return isinstance(name, str) and KEYLIKE.search(name) is not None

    def _from_environment(self, name: str, path: Path) -> str | None:
        value = self._environment.get(name)
        if value is not None:
            self._report.secret(value)
            return value
        if path[-1] == "api_key":
            self._report.warning(path, "environment variable {} is not set or empty: no key is sent", name)
            return None
        if _of_several(path):
            self._environment.lost.add(path)
            self._report.warning(path, "environment variable {} is not set or empty: this key is left out", name)
            return ""
        self._report.error(
            path,
            "environment variable {} is not set or empty",
            name,
            suggestion="export it, or write the value",
        )
        return ""


def _of_several(path: Path) -> bool:
    """Is it one of ``api_keys``, by itself or as the ``key`` of an entry?"""
    return path[-2:-1] == ("api_keys",) or (path[-3:-2] == ("api_keys",) and path[-1] == "key")
