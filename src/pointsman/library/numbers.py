"""Figures that callers give: read strictly, told by name when they make no sense. Numbers of numpy and decimals do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import nan
from numbers import Real
from operator import index
from typing import Any

from pointsman.errors import InvalidResult, Misuse

LARGEST = 1e9
"""No figure is larger: of seconds that is 31 years. Sums of them stay finite."""


def seconds(value: Any, name: str, error: type[Misuse] = Misuse) -> float:
    """Seconds from a number or a timedelta: not negative, and no more than LARGEST."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    number = _number(value)
    if number is None:
        raise error(f"{name} is seconds or a timedelta, not {_shown(value)}", param=name)
    if not 0.0 <= number <= LARGEST:
        raise error(f"{name} must be seconds from 0 to {LARGEST:,.0f}, not {_shown(value)}", param=name)
    return number


def latency_of(value: Any) -> float:
    """What ``record_task_result`` is given, in seconds. Raises InvalidResult."""
    return seconds(value, "latency", InvalidResult)


def count(value: Any, name: str, *, least: int = 0) -> int:
    """A whole number from ``least`` to LARGEST."""
    try:
        whole = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        whole = -1
    if not least <= whole <= LARGEST:
        raise Misuse(f"{name} is a whole number from {least} to {LARGEST:,.0f}, not {_shown(value)}", param=name)
    return whole


def figure(value: Any, name: str) -> float:
    """A number from 0 to LARGEST."""
    number = _number(value)
    if number is None or not 0.0 <= number <= LARGEST:
        raise Misuse(f"{name} is a number from 0 to {LARGEST:,.0f}, not {_shown(value)}", param=name)
    return number


def _number(value: Any) -> float | None:
    """None of what is no number; NaN of what no float can be."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):  # 10**400, Decimal("sNaN")
        return nan


def _shown(value: Any) -> str:
    """What was given, within 80 characters."""
    try:
        return f"{value!r:.80}"
    except ValueError:  # more digits than Python writes out
        return "such a large number"
