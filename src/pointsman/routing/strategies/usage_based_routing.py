"""usage-based-routing: the fewest tokens of the last minute, among those whose limits leave room for the request.

As LiteLLM means both versions, without three of their faults: a limit of N a minute admits the Nth request; equals are
told apart by dice in either; and what is under way counts, each request as an average one of that member's minute, else
all that arrives until the first answer would go to the one who was lowest before it.
"""

from __future__ import annotations

from math import inf
from typing import Any

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.figures import arithmetic
from pointsman.routing.ranking import Measure, best
from pointsman.routing.shares import burdened

MEASURE = Measure("usage-based-routing", "would be at %.0f tokens a minute", none="has no room")


class UsageBasedRouting:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        members = self._members = Members(pool)
        self._do = arithmetic(members)
        self._limited = any(d.rpm is not None or d.tpm is not None for d in pool)
        self._rpm = members.column(inf if d.rpm is None else d.rpm for d in pool)
        self._tpm = members.column(inf if d.tpm is None else d.tpm for d in pool)

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        do, minutes = self._do, view.minutes_of(self._members)
        column = usages = self._usages(*minutes, request, view)
        if self._limited:
            column = self._within(*minutes, usages, request)
            if column[do.lowest(column)] == inf:
                column = usages
        return best(self._members.pool, column, MEASURE, view, dice, do)

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        minutes = view.minutes_of(self._members)
        rows = zip(*minutes, self._usages(*minutes, request, view), strict=True)
        return [{"requests": int(a), "tokens": int(b), "usage": float(c)} for a, b, c in rows]

    def _within(self, requests: Column, tokens: Column, usages: Column, request: Request) -> Column:
        """Usages; infinite where limits leave no room."""
        do, own = self._do, request.tokens

        def one(usage: float, had: float, used: float, rpm: float, tpm: float) -> float:
            return usage if had < rpm and used + own <= tpm else inf

        def everybody(usage: Column, had: Any, used: Any, rpm: Any, tpm: Any) -> Column:
            return do.where((had < rpm) & (used + own <= tpm), usage, inf)

        return do.each(do.either(one, everybody), usages, requests, tokens, self._rpm, self._tpm)

    def _usages(self, requests: Column, tokens: Column, request: Request, view: View) -> Column:
        """Tokens of the last minute with those that are likely to come of what is under way, this request included."""
        do, own = self._do, max(request.tokens, 1)

        def one(used: float, had: float, busy: float) -> float:
            return used + busy * (used / (had - busy) if had > busy and used else own) + own

        def everybody(used: Any, had: Any, busy: Any) -> Any:
            average = used / do.capped(had - busy, 1)
            return used + busy * do.where((had > busy) & (used > 0), average, own) + own

        usages = do.each(do.either(one, everybody), tokens, requests, view.in_flight_of(self._members))
        return burdened(usages, self._members, view.reduced, do)
