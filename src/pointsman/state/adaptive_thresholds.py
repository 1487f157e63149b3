"""Thresholds that follow the error rate that is usual at a deployment. Optional; time is an argument.

Failures in a row say that something is wrong as far as they are unlikely to be chance. Where a call fails with the
probability p, the next k all fail with p**k (a run of Bernoulli trials, the zero-defect case of Wald's sequential
test). ``threshold`` failures at the nominal rate have the probability NOMINAL**threshold; so many failures in a row as
are no likelier than that at the usual rate are as surprising: the smallest k with p**k <= NOMINAL**threshold. Who fails
as a matter of course is given more of them, who never fails fewer.
"""

from __future__ import annotations

import math

NOMINAL = 0.1
"""The error rate at which a threshold is what is configured, and which is assumed where nothing is known."""

PRIOR = 20.0
"""Results that the nominal rate counts for beside those observed."""

HALF_LIFE = 600.0
"""Seconds after which a result weighs half."""

LEAST, MOST = 2, 4
"""Never fewer failures than this (or than half of what is configured), and at most so many times as many."""

BAND = 0.1
"""One standard deviation of a rate of success from which on it is held to be known."""

FEWEST_RESULTS, MOST_RESULTS = 3, 30

EXACT = 1e-9
"""Logarithms that should be whole are off by less."""


def failures_in_a_row(threshold: int, rate: float) -> int:
    """How many are as surprising at this error rate as ``threshold`` are at the nominal one; within the bounds."""
    least = min(threshold, max(LEAST, threshold // 2))
    most = MOST * threshold
    if rate <= 0.0:
        return least
    if rate >= 1.0:
        return most
    wanted = threshold * math.log(NOMINAL) / math.log(rate)
    return min(max(math.ceil(min(wanted, most) - EXACT), least), most)


def results_that_tell(rate: float) -> int:
    """How many results it takes to know a rate of success to within BAND, where calls fail at this rate: the standard
    deviation of a share of n is sqrt(rate * (1 - rate) / n). What is preferred for its success needs as many.
    """
    share = min(max(rate, 0.0), 1.0)
    wanted = math.ceil(share * (1.0 - share) / BAND**2 - EXACT)
    return min(max(wanted, FEWEST_RESULTS), MOST_RESULTS)


class ErrorRate:
    """The part of calls that fail, older ones weighing less: two numbers and the time they are of. With few results,
    or long after them, it is near NOMINAL.
    """

    __slots__ = ("_failed", "_stamp", "_weight")

    def __init__(self) -> None:
        self._weight = self._failed = 0.0
        self._stamp = -math.inf

    def add(self, now: float, delivered: int, failed: int) -> None:
        """So many calls have ended just now."""
        kept = self._kept(now)
        self._weight = self._weight * kept + delivered + failed
        self._failed = self._failed * kept + failed
        self._stamp = max(now, self._stamp)

    def at(self, now: float) -> float:
        """0..1. A clock that steps back ages nothing."""
        kept = self._kept(now)
        surplus = self._failed - NOMINAL * self._weight
        return NOMINAL + surplus * kept / (self._weight * kept + PRIOR)

    def _kept(self, now: float) -> float:
        """What is left of the past by now."""
        return math.exp2(-max(now - self._stamp, 0.0) / HALF_LIFE)


class AdaptiveThreshold:
    """Of one breaker. Failures in a row are measured against what was usual before them, so they enter the rate when a
    success ends them; those that opened the breaker were no matter of course and never do.
    """

    __slots__ = ("_rate", "_row")

    def __init__(self) -> None:
        self._rate = ErrorRate()
        self._row = 0

    def delivered(self, now: float) -> None:
        self._rate.add(now, 1, self._row)
        self._row = 0

    def failed(self) -> None:
        self._row += 1

    def forget_row(self) -> None:
        """The failures in a row that are under way opened the breaker, or were forgiven."""
        self._row = 0

    def at(self, threshold: int, now: float) -> int:
        """What a configured threshold comes to (0: any number is borne)."""
        return failures_in_a_row(threshold, self._rate.at(now)) if threshold else 0
