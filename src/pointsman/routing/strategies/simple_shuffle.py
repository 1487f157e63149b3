"""simple-shuffle: a weighted draw.

As LiteLLM means it: the first of weight, rpm, tpm that any member sets gives the shares of the whole pool, and a
member without that figure gets none; if none of them sets any, or only members without a share are left, all are equal.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate

from pointsman.model.decision import Pool, Step
from pointsman.model.view import Dice, View
from pointsman.routing.shapes import Picker
from pointsman.routing.shares import shares_of


def simple_shuffle(_group: str, pool: Pool) -> Picker:
    source, shares = shares_of(pool)
    edges = list(accumulate(shares))
    total = edges[-1]
    last = max(index for index, share in enumerate(shares) if share > 0)
    told: dict[int, tuple[int, Step]] = {}

    def pick(_view: View, dice: Dice) -> tuple[int, Step]:
        index = min(bisect(edges, dice.random() * total), last)
        word = told.get(index)
        if word is None:
            share = shares[index] / total
            reason = f"simple-shuffle by {source}: {pool[index].id} has {share:.1%} of the draw"
            word = told[index] = (index, Step("strategy", len(pool), 1, reason))
        return word

    return pick
