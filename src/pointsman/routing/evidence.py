"""What a pool's last results are good for: comparable times, trust, and who is new.

A failure is not a fast answer. Times are of answers that came, and are held longer by the tries that did not, so who
refuses quickly never looks quick. The time of a member whose share is reduced counts as much more. New is who never
delivered and was tried no more than a few times: one failure at the beginning must not be the last that is heard of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from pointsman.model.members import Column, Members
from pointsman.model.view import Dice, View
from pointsman.routing.figures import Arithmetic, arithmetic
from pointsman.routing.ranking import Measure, Ranking, one_of
from pointsman.routing.reading import Reading
from pointsman.routing.shares import burdened

TRIES = 3
"""Results without an answer after which nobody is new any more."""


class Times:
    """A pool's seconds until a member delivers, by one measure; infinite for who never did. ``newcomers``: who has no
    results. ``ranking``: by seconds, the least is the best.
    """

    def __init__(self, measure: str, ranking: Ranking, newcomers: Sequence[int]) -> None:
        self.measure = measure
        self.ranking = ranking
        self.newcomers = newcomers


class Clocked:
    """Times of one pool, by the first of these measures that everybody has who ever delivered, else by ``latency``; and
    how each measure is told.
    """

    def __init__(self, members: Members, wanted: tuple[str, ...], told: Mapping[str, Measure]) -> None:
        self._members = members
        self._do = arithmetic(members)
        self._wanted = wanted
        self._told = told
        self._reading: Reading[Times] = Reading(members, ("samples", "trust", "latency", *wanted))

    def times(self, view: View) -> Times:
        return self._reading.of(view, self._times)

    def newcomer(self, times: Times, view: View, dice: Dice) -> int | None:
        """Who has no results and is not being tried, if anybody."""
        return newcomer(times.newcomers, self._members, view, dice, self._do)

    def terms(self, view: View) -> list[dict[str, float]]:
        """The figures of each member, without those that nobody knows."""
        times, standings = self.times(view), view.standings(self._members.pool)
        return [
            {"samples": s.samples, "success_rate": s.success_rate}
            | ({times.measure: float(took)} if took < inf else {})
            for s, took in zip(standings, times.ranking.column, strict=True)
        ]

    def _times(self, columns: tuple[Column, ...], reduced: Mapping[str, float]) -> Times:
        samples, trusts, latencies, *wanted = columns
        do = self._do
        delivered = do.finite(latencies)
        chosen = next(
            (i for i, column in enumerate(wanted) if delivered and do.finite(column) == delivered), len(wanted)
        )
        measure, column = (*self._wanted, "latency")[chosen], (*wanted, latencies)[chosen]
        seconds = burdened(do.each(_tried, column, trusts), self._members, reduced, do)
        return Times(
            measure, Ranking(self._members.pool, seconds, self._told[measure], do), newcomers(samples, latencies, do)
        )


def _tried(seconds: float, trust: float) -> float:
    return seconds / trust


def newcomers(samples: Column, latencies: Column, do: Arithmetic) -> Sequence[int]:
    """Who is new."""
    return do.equal(do.each(_known, samples, latencies), 0.0)


def _known(samples: float, latency: float) -> float:
    """0 of who never delivered, in fewer than TRIES results."""
    return 1.0 - (latency == inf) * (samples < TRIES)


def newcomer(unseen: Sequence[int], members: Members, view: View, dice: Dice, do: Arithmetic) -> int | None:
    """One of the unseen whom nobody tries yet. They are asked first, one request at a time: a crowd sent to somebody
    unknown is lost if he is slow.
    """
    if not len(unseen):
        return None
    _, idle = do.among(unseen, view.in_flight_of(members), least=True)
    return one_of(idle, members.pool, view, dice) if len(idle) else None
