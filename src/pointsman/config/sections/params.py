"""Fields of a request that a deployment does not get: which of those that are listed can be left out."""

from __future__ import annotations

from pointsman.config.findings import Path, Report
from pointsman.providers.lacking import FIRM

NESTED = frozenset(".[")
"""Signs of a place within a field."""


def read_dropped(names: list[str] | None, path: Path, report: Report) -> tuple[str, ...]:
    """Those that are whole fields, and not what is asked for itself; the others are told."""
    kept = []
    for index, name in enumerate(names or ()):
        if name in FIRM:
            report.warning((*path, index), "{} is what is asked for, and is never left out", name)
        elif not NESTED.isdisjoint(name):
            report.warning((*path, index), "is not acted on: only whole fields are left out, not {} in one", name)
        else:
            kept.append(name)
    return tuple(dict.fromkeys(kept))
