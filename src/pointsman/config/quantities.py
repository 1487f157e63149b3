"""Numbers with a unit, as people write them."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
"""Seconds of each; without a unit it is seconds."""

_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([a-z]*)", re.IGNORECASE)


def seconds(word: str) -> float | None:
    """What "5s", "500ms", "2m" or "1.5" says in seconds; None if it is no time."""
    found = _TIME.fullmatch(word.strip())
    if found is None or found[2].lower() not in UNITS:
        return None
    return float(found[1]) * UNITS[found[2].lower()]
