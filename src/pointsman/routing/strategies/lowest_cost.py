"""lowest-cost: the one that charges least for this request; equals are told apart by dice.

What it will cost is prompt times input price plus the answer's expected length times output price, so a long prompt and
a short one may go to different places (LiteLLM adds the two prices up and looks at neither length). Who has no price
comes last: nobody can say that it is cheap. A price of 0 is one.
"""

from __future__ import annotations

from math import inf

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.prices import expected, price
from pointsman.routing.ranking import Measure, best, burdened

MEASURE = Measure("lowest-cost", "is expected to charge $%.6f", none="has no price")


class LowestCost:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        return best(self._pool, self._costs(request, view), MEASURE, view, dice)

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        return [{"dollars": cost} if cost < inf else {} for cost in self._costs(request, view)]

    def _costs(self, request: Request, view: View) -> list[float]:
        prompt, completion = expected(request)
        charges = [price(d, prompt, completion) for d in self._pool]
        return burdened([inf if charge is None else charge for charge in charges], self._pool, view)
