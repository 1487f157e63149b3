"""Who is good at a kind of task, by what came of such tasks so far, and a pick by it.

    skill = successes / (successes + failures + 2)          0..1, less for those whose share is reduced

The two failures on account make ten of ten more than one of one, so that evidence grows with what is recorded. Those
within a tenth of the best are equals and share by load. One task in twenty goes to whom least is known of: who was
unlucky first would never be asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import NamedTuple

from pointsman.model.decision import Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, Known, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import one_of
from pointsman.routing.shares import lessened

ON_ACCOUNT = 2.0
"""Failures that everybody begins with."""

NEAR, EXPLORING = 0.9, 0.05

STRONG = 0.5
"""The skill from which on the evidence is strong, if there is enough of it."""


class Skill(NamedTuple):
    """A pool's skills at one kind of task, by what is ``known`` of it. ``good`` of ``results`` of the ``best`` one went
    well. ``strong``: there is enough of it.
    """

    task: str
    column: Column
    known: Known
    best: int
    good: float
    results: float
    strong: bool


class Skills:
    """Those of one pool, told under a strategy's name."""

    def __init__(self, members: Members, strategy: str) -> None:
        self._members = members
        self._strategy = strategy
        self._do = arithmetic(members)

    def of(self, request: Request, view: View) -> Skill | None:
        """None if nothing is known of such tasks, or nobody among these ever did one well."""
        task = request.hints.task_class or request.hints.task
        known = view.evidence_of(task, self._members) if task is not None else None
        if known is None or task is None:
            return None
        account, do = ON_ACCOUNT * known.unit, self._do

        def skill(good: float, bad: float) -> float:
            return good / (good + bad + account)

        column = do.each(skill, known.good, known.bad)
        if view.reduced:
            column = lessened(column, self._members, view.reduced, do)
        best = do.lowest(column, highest=True)
        if not column[best] > 0.0:
            return None
        good = known.good[best] / known.unit
        results = good + known.bad[best] / known.unit
        return Skill(task, column, known, best, good, results, results >= known.enough and column[best] >= STRONG)

    def pick(self, skill: Skill, view: View, dice: Dice) -> tuple[int, Step]:
        """The least busy of the best, or now and then anybody."""
        pool, do = self._members.pool, self._do
        if len(pool) > 1 and dice.random() < EXPLORING:
            amounts = do.each(add, skill.known.good, skill.known.bad)
            index = one_of(do.equal(amounts, amounts[do.lowest(amounts)]), pool, view, dice)
            return index, self._step(f"{pool[index].id} is tried at {skill.task}, for least is known of it there")
        near: Sequence[int] = do.from_on(skill.column, skill.column[skill.best] * NEAR)
        if len(near) == 1:
            index = skill.best
            found = f"{skill.good:.1f} of {skill.results:.1f} went well"
            return index, self._step(f"{pool[index].id} is best at {skill.task}: {skill.column[index]:.2f}, {found}")
        lowest, idlest = do.among(near, view.in_flight_of(self._members))
        index = one_of(idlest, pool, view, dice)
        told = f"{len(near)} are as good at {skill.task}, and {pool[index].id} has {lowest:.0f} in flight"
        return index, self._step(f"{told}: {skill.column[index]:.2f}")

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        """What is known of each member."""
        skill = self.of(request, view)
        if skill is None:
            return [{} for _ in self._members.pool]
        return [{"skill": float(figure)} for figure in skill.column]

    def _step(self, why: str) -> Step:
        return Step("strategy", len(self._members.pool), 1, f"{self._strategy}: {why}")
