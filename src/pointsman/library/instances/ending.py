"""Where a program's answer ends in what it says: at a line's end, at its prompt, or where its output ends.

Fed with what comes, cut anywhere. What may still turn out to be the end is held back until more has come. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

import re2

from pointsman.errors import Misuse

LONGEST_LINE = 4096
"""Characters of a line in which a pattern is looked for; what follows them counts as another line."""

FLAGS = (("i", re.IGNORECASE), ("s", re.DOTALL))


class Ending(Protocol):
    def feed(self, text: str, /) -> tuple[str, bool]:
        """What of it is answer, and whether the answer is complete. What came behind its end is gone."""
        ...


class AtLine:
    """The answer is one line."""

    def feed(self, text: str) -> tuple[str, bool]:
        line, end, _ = text.partition("\n")
        return line, bool(end)


class AtClose:
    """The answer is all that the program says until it ends."""

    def feed(self, text: str) -> tuple[str, bool]:
        return text, False


class AtText:
    """The answer stands before a text."""

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        text = self._held + text
        before, end, _ = text.partition(self._marker)
        if end:
            return before, True
        start = len(text) - self._beginning(text)
        self._held = text[start:]
        return text[:start], False

    def _beginning(self, text: str) -> int:
        """How many of the last characters may be the marker's first."""
        longest = min(len(self._marker) - 1, len(text))
        return next((size for size in range(longest, 0, -1) if text.endswith(self._marker[:size])), 0)


class AtPattern:
    """The answer stands before what a pattern matches in a line, be the line complete or not yet."""

    def __init__(self, program: Any) -> None:
        self._program = program
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        said, (*lines, last) = "", (self._held + text).split("\n")
        for line in lines:
            found = self._program.search(line.rstrip("\r"))
            if found:
                return said + line[: found.start()], True
            said += line + "\n"
        found = self._program.search(last)
        if found:
            return said + last[: found.start()], True
        held = len(last) <= LONGEST_LINE
        self._held = last if held else ""
        return said if held else said + last, False


def ending_for(marker: str | re.Pattern[str] | None) -> Callable[[], Ending]:
    """Makes an ending for each answer. Raises Misuse for what is no marker."""
    if marker is None:
        return AtLine
    if isinstance(marker, str) and marker:
        return lambda: AtText(marker)
    if not isinstance(marker, re.Pattern) or not isinstance(marker.pattern, str):
        raise Misuse("prompt_marker is a text or a compiled pattern of text", param="prompt_marker")
    program = _program(marker)
    return lambda: AtPattern(program)


def _program(marker: re.Pattern[str]) -> Any:
    """The pattern for RE2, which takes linear time however much a program says."""
    flags = "".join(letter for letter, flag in FLAGS if marker.flags & flag)
    options = re2.Options()
    options.log_errors = False
    try:
        program = re2.compile(f"(?{flags}){marker.pattern}" if flags else marker.pattern, options)
    except re2.error:
        text = "prompt_marker is no regular expression for RE2, which has no lookarounds and no backreferences"
        raise Misuse(text, param="prompt_marker") from None
    if program.search(""):
        raise Misuse("prompt_marker matches where there is nothing", param="prompt_marker")
    return program
