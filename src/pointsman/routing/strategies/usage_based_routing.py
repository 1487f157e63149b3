"""usage-based-routing: the fewest tokens of the last minute, among those whose limits leave room for the request.

As LiteLLM means both versions, without three of their faults: a limit of N a minute admits the Nth request; equals are
told apart by dice in either; and what is under way counts, each request as an average one of that member's minute, else
all that arrives until the first answer would go to the one who was lowest before it.
"""

from __future__ import annotations

from math import inf

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.ranking import Measure, best, burdened

MEASURE = Measure("usage-based-routing", "would be at %.0f tokens a minute", none="has no room")


class UsageBasedRouting:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        self._limits = [(inf if d.rpm is None else d.rpm, inf if d.tpm is None else d.tpm) for d in pool]

    def pick(self, request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        pool = self._pool
        minutes = [view.used(d) for d in pool]
        usages = self._usages(minutes, request, view)
        rows = zip(usages, minutes, self._limits, strict=True)
        within = [
            usage if requests < rpm and tokens + request.tokens <= tpm else inf
            for usage, (requests, tokens), (rpm, tpm) in rows
        ]
        return best(pool, usages if min(within) == inf else within, MEASURE, view, dice)

    def terms(self, request: Request, view: View) -> list[dict[str, float]]:
        minutes = [view.used(d) for d in self._pool]
        usages = self._usages(minutes, request, view)
        return [
            {"requests": requests, "tokens": tokens, "usage": usage}
            for (requests, tokens), usage in zip(minutes, usages, strict=True)
        ]

    def _usages(self, minutes: list[tuple[int, int]], request: Request, view: View) -> list[float]:
        """Tokens of the last minute with those that are likely to come of what is under way, this request included."""
        own = max(request.tokens, 1)
        usages: list[float] = []
        for d, (requests, tokens) in zip(self._pool, minutes, strict=True):
            under_way = view.in_flight(d)
            each = tokens / (requests - under_way) if requests > under_way and tokens else own
            usages.append(tokens + under_way * each + own)
        return burdened(usages, self._pool, view)
