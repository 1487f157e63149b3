"""Warm: for a first request, deployments whose model is known to be loaded, if there are any. Never empties a pool."""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = None


def concerned(pool: Pool, topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return topology.warm is not None and len(pool) > 1


def keep(pool: Pool, _request: Request, view: View) -> Kept:
    known = {d.id: view.warm(d) for d in pool}
    warm = tuple(d for d in pool if known[d.id])
    if not warm or len(warm) == len(pool):
        return Kept(pool, "all are warm" if warm else "nobody is known to be warm")
    excluded = {d.id: "cold" if known[d.id] is False else "not known to be warm" for d in pool if not known[d.id]}
    return Kept(warm, f"warm: {', '.join(d.id for d in warm[:8])}", excluded)
