"""priority: the lowest ``order`` first, who has none last; those of one order share as simple-shuffle shares.

In a configured group every order is a tier of its own, asked only when the tiers before it can't serve; what is left to
pick from then has one order, and this is a draw among equals.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.routing.shares import Draw, shares_of


class Priority(Draw):
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        orders = [float("inf") if d.order is None else d.order for d in pool]
        first = min(orders)
        source, shares = shares_of(tuple(d for d, order in zip(pool, orders, strict=True) if order == first))
        level = iter(shares)
        told = "no order" if first == float("inf") else f"order {first}"
        super().__init__(
            pool,
            [next(level) if order == first else 0.0 for order in orders],
            f"priority, {len(shares)} of {len(pool)} with {told}, by {source}",
        )
