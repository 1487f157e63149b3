"""Health: leaves out deployments that are cooling down or whose breaker is open."""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = "all fit: nobody is resting"


def concerned(_pool: Pool, _topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return False  # the pipeline looks when somebody rests


def keep(members: Members, _request: Request, view: View) -> Kept:
    excluded: dict[str, str] = {}
    for place in view.suspects(members):
        deployment = members.pool[place]
        reason = view.fitness(deployment)
        if reason is not None:
            excluded[deployment.id] = reason
    if not excluded:
        return Kept(members, "all fit")
    told = "; ".join(f"{name}: {reason}" for name, reason in list(excluded.items())[:8])
    return Kept(members.less(excluded), told, excluded)
