"""Every strategy by its canonical name. Other spellings are the configuration's business."""

from __future__ import annotations

from pointsman.routing.shapes import Strategy
from pointsman.routing.strategies.least_loaded import least_loaded
from pointsman.routing.strategies.round_robin import round_robin
from pointsman.routing.strategies.simple_shuffle import simple_shuffle

STRATEGIES: dict[str, Strategy] = {
    "simple-shuffle": simple_shuffle,
    "round_robin": round_robin,
    "least_loaded": least_loaded,
}
