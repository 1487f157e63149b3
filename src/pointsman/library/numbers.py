"""Figures that callers give: read strictly, told by name when they make no sense."""

from __future__ import annotations

from datetime import timedelta
from math import isfinite
from typing import Any

from pointsman.errors import InvalidResult, Misuse


def seconds(value: Any, name: str, error: type[Misuse] = Misuse) -> float:
    """Seconds from a number or a timedelta: finite and not negative."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise error(f"{name} is seconds or a timedelta, not {value!r:.80}", param=name)
        try:
            value = float(value)
        except OverflowError:
            raise error(f"{name} is too large a number", param=name) from None
    if not 0.0 <= value < float("inf"):
        raise error(f"{name} must be a finite number of seconds, 0 or more, not {value!r}", param=name)
    return float(value)


def latency_of(value: Any) -> float:
    """What ``record_task_result`` is given, in seconds. Raises InvalidResult."""
    return seconds(value, "latency", InvalidResult)


def count(value: Any, name: str, *, least: int = 0) -> int:
    """A whole number, ``least`` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Misuse(f"{name} is a whole number, {least} or more, not {value!r:.80}", param=name)
    return value


def figure(value: Any, name: str) -> float:
    """A finite number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or value < 0:
        raise Misuse(f"{name} is a finite number, 0 or more, not {value!r:.80}", param=name)
    return float(value)
