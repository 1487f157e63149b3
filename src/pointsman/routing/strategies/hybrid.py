"""hybrid: the session's home where the evidence for it is strong, else whom such tasks went well (``routing.skill``)
where that is strong, performance elsewhere.

Strong is, for a home: it has a few results, and nobody scores more than twice as much. A home that fails, slows down or
is degraded loses its sessions to whoever does better; small differences don't cost anybody a warm cache.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.merits import Merits
from pointsman.routing.ranking import Measure
from pointsman.routing.sessions import home_of
from pointsman.routing.skill import Skills

MEASURE = Measure("hybrid", "scores %.3f", highest=True)

ENOUGH, WORTH_MOVING = 5, 2.0
"""Results that make evidence, and by how much somebody else must be better."""


class Hybrid:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._members = Members(pool)
        self._merits = Merits(self._members, MEASURE)
        self._skills = Skills(self._members, "hybrid")

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        home = home_of(request, self._members.places, view)
        skill = self._skills.of(request, view) if home is None else None
        if skill is not None and skill.strong:
            return self._skills.pick(skill, view, dice)
        scores = self._merits.scores(view)
        if home is not None:
            score = scores.ranking.column[home]
            if scores.samples[home] >= ENOUGH and score > 0 and score * WORTH_MOVING >= scores.ranking.top:
                return home, scores.ranking.told(home, " (home of the session)")
        return self._merits.pick(scores, view, dice)

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        home = home_of(request, self._members.places, view)
        rows = zip(self._merits.terms(view), self._skills.terms(request, view), strict=True)
        return [row | skill | {"home": float(index == home)} for index, (row, skill) in enumerate(rows)]
