"""Requirements: leaves out models that the request is known to be beyond: its length, its images, its tools."""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.needs import beyond
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = None


def concerned(pool: Pool, topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return topology.picky and any(d.picky for d in pool)


def keep(members: Members, request: Request, _view: View) -> Kept:
    excluded = {d.id: reason for d in members.pool if d.picky and (reason := beyond(d, request))}
    if not excluded:
        return Kept(members, "within what all of them can do")
    told = "; ".join(f"{name}: {reason}" for name, reason in list(excluded.items())[:8])
    return Kept(members.less(excluded), told, excluded)
