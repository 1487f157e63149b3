"""usage_based: the highest weighted score of latency, success rate and cost.

    score = w1 * (lowest latency / its latency) + w2 * success rate + w3 * (lowest cost / its cost)

Inverses are parts of the pool's best, so every term is in 0..1 and no unit outweighs another; ``literal`` takes them as
they stand, in 1/s and 1/(dollar a million tokens). Figures have a floor, so nothing divides by zero: a free model has
the best cost there is, and not an infinite one. Unknown figures are the pool's median. One request in twenty goes to
anybody, by dice: who is never asked has only old results.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.evidence import filled
from pointsman.routing.prices import blended
from pointsman.routing.ranking import Measure, best, one_of, told
from pointsman.routing.shares import lessened, relative

MEASURE = Measure("usage_based", "scores %.3f", highest=True)

EXPLORING = 0.05
"""The share of requests that go to anybody."""

LEAST_SECONDS, LEAST_DOLLARS = 0.001, 0.01
"""Floors of latency, and of the price of a million tokens: below them there is nothing to be gained."""


class UsageBased:
    def __init__(self, _group: str, pool: Pool, settings: Strategies) -> None:
        self._pool = pool
        self._weights = settings.weights
        dollars = filled([None if (cost := blended(d)) is None else cost * 1e6 for d in pool], LEAST_DOLLARS)
        self._cheap = [settings.weights.cost * part for part in self._inverses(dollars, LEAST_DOLLARS)]

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool, scores = self._pool, self._scores(*self._terms(view), view)
        if len(pool) > 1 and dice.random() < EXPLORING:
            index = one_of(range(len(pool)), pool, view, dice)
            return index, told(pool, scores, MEASURE, index, " (exploring, as one request in twenty is)")
        return best(pool, scores, MEASURE, view, dice)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        fast, sound = self._terms(view)
        rows = zip(fast, sound, self._cheap, self._scores(fast, sound, view), strict=True)
        return [{"latency_term": a, "success_term": b, "cost_term": c, "score": d} for a, b, c, d in rows]

    def _terms(self, view: View) -> tuple[list[float], list[float]]:
        """What latency and success rate add to every member's score."""
        weights, standings = self._weights, view.standings(self._pool)
        fast = self._inverses(filled([standing.latency for standing in standings], 1.0), LEAST_SECONDS)
        return [weights.latency * part for part in fast], [weights.success_rate * s.success_rate for s in standings]

    def _scores(self, fast: list[float], sound: list[float], view: View) -> list[float]:
        return lessened(list(map(sum, zip(fast, sound, self._cheap, strict=True))), self._pool, view)

    def _inverses(self, figures: list[float], least: float) -> list[float]:
        inverses = [1.0 / max(figure, least) for figure in figures]
        return inverses if self._weights.literal else relative(inverses)
