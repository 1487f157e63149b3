"""usage_based: the highest weighted score of latency, success rate and cost.

    score = w1 * (lowest latency / its latency) + w2 * success rate + w3 * (lowest cost / its cost)

Inverses are parts of the pool's best, so every term is in 0..1 and no unit outweighs another; ``literal`` takes them as
they stand, in 1/s and 1/(dollar a million tokens). Figures have a floor, so nothing divides by zero: a free model has
the best cost there is, and not an infinite one. Unknown figures are the pool's median. One request in twenty goes to
anybody, by dice: who is never asked has only old results.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.prices import blended
from pointsman.routing.ranking import Measure, Ranking, one_of
from pointsman.routing.reading import Reading
from pointsman.routing.shares import lessened

MEASURE = Measure("usage_based", "scores %.3f", highest=True)

EXPLORING = 0.05
"""The share of requests that go to anybody."""

RESULTS = ("latency", "success_rate")

LEAST_SECONDS, LEAST_DOLLARS = 0.001, 0.01
"""Floors of latency, and of the price of a million tokens: below them there is nothing to be gained."""


class UsageBased:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        self._weights = settings.weights
        dollars = members.column(inf if (cost := blended(d)) is None else cost * 1e6 for d in pool)
        self._cheap = self._inverses(self._do.filled(dollars, LEAST_DOLLARS), LEAST_DOLLARS, settings.weights.cost)
        self._ranking: Reading[Ranking] = Reading(members, RESULTS)

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        ranking, size = self._ranking.of(view, self._ranked), len(self._members.pool)
        if size > 1 and dice.random() < EXPLORING:
            index = one_of(range(size), self._members.pool, view, dice)
            return index, ranking.told(index, " (exploring, as one request in twenty is)")
        return ranking.best(view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        fast, sound = self._terms(*view.results_of(self._members, RESULTS))
        rows = zip(fast, sound, self._cheap, self._ranking.of(view, self._ranked).column, strict=True)
        names = ("latency_term", "success_term", "cost_term", "score")
        return [dict(zip(names, map(float, row), strict=True)) for row in rows]

    def _ranked(self, columns: tuple[Column, ...], reduced: Mapping[str, float]) -> Ranking:
        scores = self._do.each(_sum, *self._terms(*columns), self._cheap)
        return Ranking(self._members.pool, lessened(scores, self._members, reduced, self._do), MEASURE, self._do)

    def _terms(self, latencies: Column, success_rates: Column) -> tuple[Column, Column]:
        """What latency and success rate add to every member's score."""
        do, weight = self._do, self._weights.success_rate
        fast = self._inverses(do.filled(latencies, 1.0), LEAST_SECONDS, self._weights.latency)
        return fast, do.each(lambda rate: weight * rate, success_rates)

    def _inverses(self, column: Column, least: float, weight: float) -> Column:
        """In parts of the greatest, but for the literal formula; times the weight."""
        do = self._do
        figures = do.capped(column, least)
        unit = weight if self._weights.literal else weight * figures[do.lowest(figures)]
        return do.each(lambda figure: unit / figure, figures)


def _sum(fast: float, sound: float, cheap: float) -> float:
    return fast + sound + cheap
