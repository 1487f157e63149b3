"""What a pool's last results are good for: comparable times, trust, and who has none yet.

A failure is not a fast answer. Times are of answers that came, and are held longer by the tries that did not, so who
refuses quickly never looks quick. The time of a member whose share is reduced counts
as much more.
"""

from __future__ import annotations

from math import inf
from statistics import median
from typing import NamedTuple

from pointsman.model.decision import Pool
from pointsman.model.view import Standing, View
from pointsman.routing.ranking import burdened


class Times(NamedTuple):
    """A pool's seconds until a member delivers, by one measure; infinite for who never did."""

    measure: str
    seconds: list[float]
    standings: list[Standing]
    newcomers: list[int]

    def terms(self) -> list[dict[str, float]]:
        """The figures of each member, without those that nobody knows."""
        return [
            {"samples": s.samples, "success_rate": s.success_rate} | ({self.measure: took} if took < inf else {})
            for s, took in zip(self.standings, self.seconds, strict=True)
        ]


def times_of(pool: Pool, view: View, *measures: str) -> Times:
    """By the first of these measures that everybody has who ever delivered, else by ``latency``."""
    standings = view.standings(pool)
    measure = _comparable(standings, measures)
    figures: list[float | None] = [getattr(standing, measure) for standing in standings]
    pairs = zip(figures, trusts(standings), strict=True)
    seconds = [inf if figure is None else figure / trust for figure, trust in pairs]
    return Times(measure, burdened(seconds, pool, view), standings, newcomers(pool, standings, view))


def newcomers(pool: Pool, standings: list[Standing], view: View) -> list[int]:
    """Who has no results and is not being tried. They are asked first, one request at a time: a crowd sent to somebody
    unknown is lost if he is slow.
    """
    return [i for i, standing in enumerate(standings) if standing.samples == 0 and view.in_flight(pool[i]) == 0]


def trusts(standings: list[Standing]) -> list[float]:
    """Success rates with one success on credit: above 0, so that nobody is written off by a single failure."""
    return [
        1.0 if standing.success_rate == 1.0 else (standing.success_rate * standing.samples + 1) / (standing.samples + 1)
        for standing in standings
    ]


def filled(figures: list[float | None], nobody: float) -> list[float]:
    """Unknown figures are the median of the known ones; ``nobody`` if none is known."""
    if None not in figures:
        return figures  # type: ignore[return-value]  # just looked
    known = [figure for figure in figures if figure is not None]
    usual = median(known) if known else nobody
    return [usual if figure is None else figure for figure in figures]


def _comparable(standings: list[Standing], measures: tuple[str, ...]) -> str:
    for measure in measures:
        figures = [getattr(standing, measure) for standing in standings if standing.latency is not None]
        if figures and None not in figures:
            return measure
    return "latency"
