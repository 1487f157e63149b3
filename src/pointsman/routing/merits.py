"""Success rate and latency in one score, and a pick by it.

    merit = success rate ** 4 * lowest latency / its latency          0..1, less for those whose share is reduced

A failure costs the caller more than time, so a hundredth less success weighs as much as four hundredths more latency.
Those within a tenth of the best are equals: what tells them apart is noise, and if it decided one of several like
machines would serve everybody. Equals share by load.
"""

from __future__ import annotations

from pointsman.model.decision import Pool, Step
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import newcomers, trusts
from pointsman.routing.ranking import Measure, one_of, told
from pointsman.routing.shares import lessened

CARE, NEAR = 4, 0.9

LEAST_SECONDS = 0.001
"""Added to every latency: what is over in no time is not infinitely better than what takes little."""


class Merits:
    """A pool's merits at one moment. Who never delivered has none."""

    def __init__(self, pool: Pool, view: View) -> None:
        self._pool = pool
        self._view = view
        standings = self.standings = view.standings(pool)
        fastest = min([s.latency for s in standings if s.latency is not None], default=0.0) + LEAST_SECONDS
        scores = [
            0.0 if s.latency is None else trust**CARE * fastest / (s.latency + LEAST_SECONDS)
            for s, trust in zip(standings, trusts(standings), strict=True)
        ]
        self.scores = lessened(scores, pool, view)

    def pick(self, measure: Measure, dice: Dice) -> tuple[int, Step]:
        """A newcomer that nobody tries yet, else the least busy of the best."""
        pool, view, scores = self._pool, self._view, self.scores
        new = newcomers(pool, self.standings, view) if 0.0 in scores else None
        if new:
            index = one_of(new, pool, view, dice)
            return index, told(pool, scores, measure, index, " (tried, for it has no results yet)")
        least = max(scores) * NEAR
        near = [index for index, score in enumerate(scores) if score >= least]
        if len(near) == 1:
            return near[0], told(pool, scores, measure, near[0])
        loads = [view.in_flight(pool[index]) for index in near]
        lowest = min(loads)
        index = one_of([i for i, load in zip(near, loads, strict=True) if load == lowest], pool, view, dice)
        why = f"; {len(near)} are as good, and it has {lowest} in flight"
        return index, told(pool, scores, measure, index, why)

    def terms(self) -> list[dict[str, float]]:
        """The figures of each member, without those that nobody knows."""
        return [
            {"samples": s.samples, "success_rate": s.success_rate, "score": score}
            | ({} if s.latency is None else {"latency": s.latency})
            for s, score in zip(self.standings, self.scores, strict=True)
        ]
