"""simple-shuffle: a weighted draw.

As LiteLLM means it: the first of weight, rpm, tpm that any member sets gives the shares of the whole pool, and a
member without that figure gets none; if none of them sets any, or only members without a share are left, all are equal.
"""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.routing.shares import Draw, shares_of


class SimpleShuffle(Draw):
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        source, shares = shares_of(pool)
        super().__init__(pool, shares, f"simple-shuffle by {source}")
