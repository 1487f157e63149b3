"""Success rate and latency in one score, and a pick by it.

    merit = success rate ** 4 * lowest latency / its latency          0..1, less for those whose share is reduced

A failure costs the caller more than time, so a hundredth less success weighs as much as four hundredths more latency.
Those within a tenth of the best are equals: what tells them apart is noise, and if it decided one of several like
machines would serve everybody. Equals share by load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from pointsman.model.decision import Step
from pointsman.model.members import Column, Members
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import newcomer, newcomers
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, Ranking, one_of
from pointsman.routing.reading import Reading
from pointsman.routing.shares import lessened

CARE, NEAR = 4, 0.9

LEAST_SECONDS = 0.001
"""Added to every latency: what is over in no time is not infinitely better than what takes little."""


class Scores:
    """Merits at one moment. Who never delivered has none. ``near``: the best; ``newcomers``: who is new."""

    def __init__(self, ranking: Ranking, near: Sequence[int], newcomers: Sequence[int], samples: Column) -> None:
        self.ranking = ranking
        self.near = near
        self.newcomers = newcomers
        self.samples = samples


class Merits:
    """Those of one pool, told by ``measure``."""

    def __init__(self, members: Members, measure: Measure) -> None:
        self._members = members
        self._measure = measure
        self._do = arithmetic(members)
        self._reading: Reading[Scores] = Reading(members, ("samples", "trust", "latency"))

    def scores(self, view: View) -> Scores:
        return self._reading.of(view, self._scores)

    def pick(self, scores: Scores, view: View, dice: Dice) -> tuple[int, Step]:
        """A newcomer that nobody tries yet, else the least busy of the best."""
        new = newcomer(scores.newcomers, self._members, view, dice, self._do)
        if new is not None:
            return new, scores.ranking.told(new, " (tried, for it has no results yet)")
        near = scores.near
        if len(near) == 1:
            return int(near[0]), scores.ranking.told(int(near[0]))
        lowest, idlest = self._do.among(near, view.in_flight_of(self._members))
        index = one_of(idlest, self._members.pool, view, dice)
        return index, scores.ranking.told(index, f"; {len(near)} are as good, and it has {lowest:.0f} in flight")

    def terms(self, view: View) -> list[dict[str, float]]:
        """The figures of each member, without those that nobody knows."""
        standings = view.standings(self._members.pool)
        return [
            {"samples": s.samples, "success_rate": s.success_rate, "score": float(score)}
            | ({} if s.latency is None else {"latency": s.latency})
            for s, score in zip(standings, self.scores(view).ranking.column, strict=True)
        ]

    def _scores(self, columns: tuple[Column, ...], reduced: Mapping[str, float]) -> Scores:
        samples, trusts, latencies = columns
        do = self._do
        fastest = latencies[do.lowest(latencies)]
        fastest = (fastest if isfinite(fastest) else 0.0) + LEAST_SECONDS

        def merit(trust: float, seconds: float) -> float:
            return trust**CARE * fastest / (seconds + LEAST_SECONDS)

        scores = lessened(do.each(merit, trusts, latencies), self._members, reduced, do)
        ranking = Ranking(self._members.pool, scores, self._measure, do)
        return Scores(ranking, do.from_on(scores, ranking.top * NEAR), newcomers(samples, latencies, do), samples)
