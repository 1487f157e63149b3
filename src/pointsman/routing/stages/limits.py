"""Limits: leaves out deployments whose requests or tokens a minute, or parallel requests, leave no room."""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = "no limits set"


def concerned(pool: Pool, topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return topology.limited and any(d.limited for d in pool)


def keep(members: Members, request: Request, view: View) -> Kept:
    excluded: dict[str, str] = {}
    for deployment in members.pool:
        if deployment.limited:
            reason = view.room(deployment, request.tokens)
            if reason is not None:
                excluded[deployment.id] = reason
    if not excluded:
        return Kept(members, "room within all limits" if members.pool else "nobody is left to check")
    told = "; ".join(f"{name}: {reason}" for name, reason in list(excluded.items())[:8])
    return Kept(members.less(excluded), told, excluded)
