"""lowest-cost: the one that charges least for this request; equals are told apart by dice.

What it will cost is prompt times input price plus the answer's expected length times output price, so a long prompt and
a short one may go to different places (LiteLLM adds the two prices up and looks at neither length). Who has no price
comes last: nobody can say that it is cheap. A price of 0 is one.
"""

from __future__ import annotations

from math import inf

import msgspec

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.prices import expected
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import burdened

MEASURE = Measure("lowest-cost", "is expected to charge $%.6f", none="has no price")


class LowestCost:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        self._inputs = members.column(d.input_cost or 0.0 for d in pool)
        self._outputs = members.column(d.output_cost or 0.0 for d in pool)
        self._untold = members.column(inf if d.input_cost is None and d.output_cost is None else 0.0 for d in pool)

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        index, step = best(self._members.pool, self._costs(request, view), MEASURE, view, dice, self._do)
        source = self._members.pool[index].price_source
        if source is not None:
            step = msgspec.structs.replace(step, reason=f"{step.reason} ({source})")
        return index, step

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        return [{"dollars": float(cost)} if cost < inf else {} for cost in self._costs(request, view)]

    def _costs(self, request: Request, view: View) -> Column:
        prompt, completion = expected(request)

        def charge(per_input: float, per_output: float, untold: float) -> float:
            return prompt * per_input + completion * per_output + untold

        costs = self._do.each(charge, self._inputs, self._outputs, self._untold)
        reduced = view.reduced
        return burdened(costs, self._members, reduced, self._do) if reduced else costs
