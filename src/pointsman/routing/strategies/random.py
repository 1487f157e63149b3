"""random: anybody, with equal chance; a ``weight`` changes the chance, limits do not. Without a weight it is 1."""

from __future__ import annotations

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.routing.shares import Draw, weights_of


class Random(Draw):
    def __init__(self, _group: str, pool: Pool, _settings: Strategies) -> None:
        super().__init__(pool, weights_of(pool), "random")
