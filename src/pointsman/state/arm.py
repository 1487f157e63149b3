"""What one arm of a bandit has paid, and what one context of it has seen. No clock: ages are counted in results."""

from __future__ import annotations

from math import sqrt

import msgspec

WORTH = 0.5
"""What a success is worth however slow it was. Its speed earns the rest."""

HOPE, DOUBT = WORTH + (1 - WORTH) / 2, 0.25
"""What is held of an arm before its first result: that it succeeds as fast as is usual, give or take this. It counts as
much as one result. So each arm is tried, and tried again when what it paid is long ago.
"""


class Arm(msgspec.Struct, gc=False):
    """``weight`` is that of its results when the context had ``at`` of them, ``mean`` what they paid (0..1) and
    ``scatter`` the weighed sum of their squared distances from it. ``recent`` is the weight of those that came of being
    pulled. ``results``, ``total`` and ``pulls`` count and add up all there ever were.
    """

    at: int = 0
    weight: float = 0.0
    mean: float = 0.0
    scatter: float = 0.0
    recent: float = 0.0
    results: int = 0
    total: float = 0.0
    pulls: int = 0

    # Made of these, and good until the context has had so many results
    until: int = -1
    hope: float = HOPE
    doubt: float = DOUBT

    def add(self, reward: float, kept: float, steps: int) -> None:
        """A result, the context's ``steps``-th. ``kept`` is what is left of its weight by now."""
        mean, before = self.mean, self.weight * kept
        weight = before + 1.0
        off = reward - mean
        self.mean = mean + off / weight
        self.scatter = self.scatter * kept + off * off * before / weight
        self.weight, self.at, self.until = weight, steps, -1
        self.results += 1
        self.total += reward

    def renew(self, kept: float, until: int) -> None:
        """What is held of it by now: ``hope`` is the mean that it is likely to have, give or take ``doubt``."""
        weight = self.weight * kept + 1.0
        self.hope = ((weight - 1.0) * self.mean + HOPE) / weight
        self.doubt = self.doubt_at(kept)
        self.until = until

    def doubt_at(self, kept: float) -> float:
        """The standard deviation of what its mean may be."""
        return sqrt(DOUBT * DOUBT + self.scatter * kept) / (self.weight * kept + 1.0)


class Context(msgspec.Struct):
    """``steps`` are its results, ``rounds`` those of pulls, and ``reward`` what these paid. ``pace`` is the mean
    logarithm of its successes' seconds, which weigh ``paced``.
    """

    steps: int = 0
    rounds: int = 0
    reward: float = 0.0
    pace: float = 0.0
    paced: float = 0.0
    arms: dict[str, Arm] = msgspec.field(default_factory=dict)
