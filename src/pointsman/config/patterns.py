"""Users' regular expressions: each is tried with RE2, which takes linear time, and nothing else ever runs one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

from pointsman.config.findings import Path, Report
from pointsman.config.schema import PatternSection

MAX_PATTERN = 1_000
"""Characters. A longer one is a mistake, or an attack on memory."""

AROUND = ("(?=", "(?!", "(?<=", "(?<!")
"""What people know from other engines and RE2 does not have."""


def programs(sections: Sequence[PatternSection], report: Report) -> list[Any]:
    """The patterns that compile; the others are in the report."""
    tried = (program(section.pattern, (*section.path, "pattern"), report) for section in sections)
    return [compiled for compiled in tried if compiled is not None]


def program(pattern: str, path: Path, report: Report) -> Any:
    """One pattern, compiled; None with RE2's reason in the report."""
    if len(pattern) > MAX_PATTERN:
        report.error(path, "is longer than {} characters", MAX_PATTERN)
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        hint = "lookarounds take more than linear time; list two patterns instead"
        around = any(mark in pattern for mark in AROUND)
        report.error(path, "is not a regular expression for RE2: {}", text, suggestion=hint if around else "")
        return None
