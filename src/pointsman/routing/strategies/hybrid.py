"""hybrid: the session's home where the evidence for it is strong, performance elsewhere.

Strong is: it has a few results, and nobody scores more than twice as much. A home that fails, slows down or is
degraded loses its sessions to whoever does better; small differences don't cost anybody a warm cache.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.merits import Merits
from pointsman.routing.ranking import Measure, told
from pointsman.routing.sessions import home_of

MEASURE = Measure("hybrid", "scores %.3f", highest=True)

ENOUGH, WORTH_MOVING = 5, 2.0
"""Results that make evidence, and by how much somebody else must be better."""


class Hybrid:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        self._places = {d.id: index for index, d in enumerate(pool)}

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        merits = Merits(self._pool, view)
        home = home_of(request, self._places, view)
        if home is None:
            return merits.pick(MEASURE, dice)
        strong = merits.standings[home].samples >= ENOUGH and merits.scores[home] > 0
        if strong and merits.scores[home] * WORTH_MOVING >= max(merits.scores):
            return home, told(self._pool, merits.scores, MEASURE, home, " (home of the session)")
        return merits.pick(MEASURE, dice)

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        home = home_of(request, self._places, view)
        rows = Merits(self._pool, view).terms()
        return [row | {"home": float(index == home)} for index, row in enumerate(rows)]
