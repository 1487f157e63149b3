"""Warm: a first request goes to those whose model is known to be loaded, if there are any. Never empties a pool.

It is a first request if nobody who could take it has delivered of late: since ``idle_reset``, or since the start. The
others go where the strategy says, to cold deployments too: one that is never asked would never be warm.
"""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = None


def concerned(pool: Pool, topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return topology.warm is not None and len(pool) > 1


def keep(members: Members, _request: Request, view: View) -> Kept:
    pool = members.pool
    for deployment in pool:
        if view.served(deployment):
            return Kept(members, f"no first request: {deployment.id} has delivered of late")
    known = {d.id: view.warm(d) for d in pool}
    warm = tuple(d for d in pool if known[d.id])
    if not warm or len(warm) == len(pool):
        return Kept(members, f"first request: {'all are' if warm else 'nobody is known to be'} warm")
    excluded = {d.id: "cold" if known[d.id] is False else "not known to be warm" for d in pool if not known[d.id]}
    return Kept(members.less(excluded), f"first request, warm: {', '.join(d.id for d in warm[:8])}", excluded)
