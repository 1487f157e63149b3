"""Every strategy by its canonical name. Other spellings are the configuration's business."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.config.settings import Strategies
from pointsman.model.decision import Pool
from pointsman.routing.shapes import Strategy
from pointsman.routing.strategies.affinity import Affinity
from pointsman.routing.strategies.fastest_response import FastestResponse
from pointsman.routing.strategies.hybrid import Hybrid
from pointsman.routing.strategies.latency_based_routing import LatencyBasedRouting
from pointsman.routing.strategies.least_loaded import LeastLoaded
from pointsman.routing.strategies.least_utilization import LeastUtilization
from pointsman.routing.strategies.lowest_cost import LowestCost
from pointsman.routing.strategies.most_capacity import MostCapacity
from pointsman.routing.strategies.p2c_ewma import P2cEwma
from pointsman.routing.strategies.performance import Performance
from pointsman.routing.strategies.prefix_affinity import PrefixAffinity
from pointsman.routing.strategies.priority import Priority
from pointsman.routing.strategies.random import Random
from pointsman.routing.strategies.round_robin import RoundRobin
from pointsman.routing.strategies.simple_shuffle import SimpleShuffle
from pointsman.routing.strategies.usage_based import UsageBased
from pointsman.routing.strategies.usage_based_routing import UsageBasedRouting

STRATEGIES: dict[str, Callable[[str, Pool, Strategies], Strategy]] = {
    "simple-shuffle": SimpleShuffle,
    "round_robin": RoundRobin,
    "random": Random,
    "priority": Priority,
    "least_loaded": LeastLoaded,
    "p2c-ewma": P2cEwma,
    "usage_based": UsageBased,
    "usage-based-routing": UsageBasedRouting,
    "fastest_response": FastestResponse,
    "latency-based-routing": LatencyBasedRouting,
    "performance": Performance,
    "lowest-cost": LowestCost,
    "most_capacity": MostCapacity,
    "affinity": Affinity,
    "hybrid": Hybrid,
    "prefix_affinity": PrefixAffinity,
    "least-utilization": LeastUtilization,
}
"""Each is made ready for the pool of a group, once per pool."""
