"""simple-shuffle: a weighted draw.

As LiteLLM means it: the first of weight, rpm, tpm that any member sets gives the shares of the whole pool, and a
member without that figure gets none; if none of them sets any, or only members without a share are left, all are equal.
A degraded member's share is halved.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool, Step
from pointsman.model.request import Request
from pointsman.model.view import Dice, View
from pointsman.routing.shares import shares_of


class SimpleShuffle:
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        self._pool = pool
        self._source, self._shares = shares_of(pool)
        self._edges, self._last = _edges(self._shares)
        self._told: dict[int, tuple[int, Step]] = {}

    def pick(self, _request: Request, view: View, dice: Dice) -> tuple[int, Step]:
        if view.degraded:
            return self._among_degraded(view, dice)
        edges = self._edges
        index = min(bisect(edges, dice.random() * edges[-1]), self._last)
        return self._told.get(index) or self._tell(index)

    def terms(self, _request: Request, view: View) -> list[dict[str, float]]:
        shares = self._halved(view)
        total = sum(shares)
        return [{"share": share / total} for share in shares]

    def _tell(self, index: int) -> tuple[int, Step]:
        share = self._shares[index] / self._edges[-1]
        reason = f"simple-shuffle by {self._source}: {self._pool[index].id} has {share:.1%} of the draw"
        word = self._told[index] = (index, Step("strategy", len(self._pool), 1, reason))
        return word

    def _among_degraded(self, view: View, dice: Dice) -> tuple[int, Step]:
        shares = self._halved(view)
        edges, last = _edges(shares)
        index = min(bisect(edges, dice.random() * edges[-1]), last)
        reason = (
            f"simple-shuffle by {self._source}, halved for the degraded:"
            f" {self._pool[index].id} has {shares[index] / edges[-1]:.1%} of the draw"
        )
        return index, Step("strategy", len(self._pool), 1, reason)

    def _halved(self, view: View) -> list[float]:
        pairs = zip(self._pool, self._shares, strict=True)
        return [share / 2 if deployment.id in view.degraded else share for deployment, share in pairs]


def _edges(shares: list[float]) -> tuple[list[float], int]:
    """Where each one's part of the draw ends, and the last that has a part."""
    return list(accumulate(shares)), max(index for index, share in enumerate(shares) if share > 0)
