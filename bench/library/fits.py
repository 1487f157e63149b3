"""How times grow with the number of models: exponents, fitted to medians on logarithmic scales."""

from __future__ import annotations

from math import log
from statistics import linear_regression, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from library.facts import Step

FROM = 300
"""Models from which the part of a choice that does not grow hardly weighs."""

LINEAR, CONSTANT = 1.15, 0.2
"""Exponents that still count as these: a thousand models don't fit into the processor's fastest cache."""


def exponent(times: dict[int, float]) -> float | None:
    """Of the power of n that runs nearest to ``times`` by n; None for fewer than three points or times too short."""
    if len(times) < 3 or min(times.values()) <= 0:
        return None
    return linear_regression([log(n) for n in times], [log(us) for us in times.values()]).slope


def routing(steps: list[Step]) -> float | None:
    """Of route_task among many models."""
    return exponent({step.models: median(step.route) for step in steps if step.models >= FROM})


def recording(steps: list[Step]) -> float | None:
    """Of record_task_result, over all sizes."""
    return exponent({step.models: median(step.record) for step in steps})
