"""A weighted draw among the members of a pool, told in one sentence. Who has a reduced share has less of it.

What share each one has is the strategies' business; no share means never drawn while another has one.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from operator import attrgetter

from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import FEW, Arithmetic

FIGURES = tuple((name, attrgetter(name)) for name in ("weight", "rpm", "tpm"))
"""Of a deployment, that give shares: the first that any member sets."""


def shares_of(pool: Pool) -> tuple[str, list[float]]:
    """The figure that gives the shares, and one share a member."""
    for source, figure_of in FIGURES:
        shares = [float(figure or 0) for figure in map(figure_of, pool)]
        if any(shares):
            return source, shares
    return "equal chance", [1.0] * len(pool)


def weights_of(pool: Pool) -> list[float]:
    """One weight a member, as a part of the greatest: who has none set counts as 1, and all are equal if all are 0."""
    return relative([1.0 if d.weight is None else float(d.weight) for d in pool])


def relative(figures: list[float]) -> list[float]:
    """Figures as parts of the greatest; if that is 0 all are 1."""
    greatest = max(figures)
    return [figure / greatest for figure in figures] if greatest > 0 else [1.0] * len(figures)


class Draw:
    """A strategy that draws. The pool is not empty, no share is below 0, one is above; ``told`` begins the sentence."""

    def __init__(self, pool: Pool, shares: list[float], told: str) -> None:
        self._pool = pool
        self._shares = shares
        self._told = told
        self._edges, self._last = _edges(shares)
        self._words: dict[int, tuple[int, Step]] = {}

    @cached_property
    def _members(self) -> Members:
        """Who is where: asked only while somebody has less than its share."""
        return Members(self._pool)

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        if view.reduced:
            return self._among_reduced(view, dice)
        edges = self._edges
        index = min(bisect(edges, dice.random() * edges[-1]), self._last)
        return self._words.get(index) or self._tell(index)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        shares = lessened(self._shares, self._members, view.reduced, FEW)
        total = sum(shares)
        return [{"share": share / total} for share in shares]

    def _tell(self, index: int) -> tuple[int, Step]:
        share = self._shares[index] / self._edges[-1]
        reason = f"{self._told}: {self._pool[index].id} has {share:.1%} of the draw"
        word = self._words[index] = (index, Step("strategy", len(self._pool), 1, reason))
        return word

    def _among_reduced(self, view: View, dice: Dice) -> tuple[int, Step]:
        shares = lessened(self._shares, self._members, view.reduced, FEW)
        edges, last = _edges(shares)
        index = min(bisect(edges, dice.random() * edges[-1]), last)
        share = shares[index] / edges[-1]
        reason = f"{self._told}, some with less than their share: {self._pool[index].id} has {share:.1%} of the draw"
        return index, Step("strategy", len(self._pool), 1, reason)


def lessened(shares: Column, members: Members, reduced: Mapping[str, float], do: Arithmetic) -> Column:
    """The shares, or what is left of them for members that have less just now."""
    return do.scaled(shares, dict(_placed(reduced, members))) if reduced else shares


def burdened(figures: Column, members: Members, reduced: Mapping[str, float], do: Arithmetic) -> Column:
    """Loads; those of members whose share is reduced count as much more, so that they get as much less."""
    return do.scaled(figures, {index: 1.0 / part for index, part in _placed(reduced, members)}) if reduced else figures


def _placed(reduced: Mapping[str, float], members: Members) -> list[tuple[int, float]]:
    """Who of the pool has less than its share: where it is, and what part of it."""
    places = members.places
    return [(places[name], part) for name, part in reduced.items() if name in places]


def _edges(shares: Column) -> tuple[list[float], int]:
    """Where each one's part of the draw ends, and the last that has a part."""
    edges = list(accumulate(shares))
    return edges, bisect_left(edges, edges[-1])
