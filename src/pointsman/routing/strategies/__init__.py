"""Every strategy by its canonical name. Other spellings are the configuration's business."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.routing.shapes import Strategy
from pointsman.routing.strategies.least_loaded import LeastLoaded
from pointsman.routing.strategies.round_robin import RoundRobin
from pointsman.routing.strategies.simple_shuffle import SimpleShuffle

STRATEGIES: dict[str, Callable[[str, Pool, Strategies], Strategy]] = {
    "simple-shuffle": SimpleShuffle,
    "round_robin": RoundRobin,
    "least_loaded": LeastLoaded,
}
"""Each is made ready for the pool of a group, once per pool."""
