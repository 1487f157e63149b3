"""Able: of those who are left, a request goes to who is known to give all that it asks for, if anybody is: an answer as
long as it may be, and by their servers' own lists one to its images and with its tools. Never empties a pool: who is
asked for more than there is gives what there is.
"""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.needs import Wants, short_of
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology

IDLE = None


def concerned(pool: Pool, topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return topology.modest and any(d.modest for d in pool)


def keep(members: Members, request: Request, _view: View) -> Kept:
    wants, (length, lacking) = Wants(request), members.least
    if (wants.length or 0) <= length and not (lacking and wants.any_of(lacking)):
        return Kept(members, "nobody is known to give less than is asked for")
    excluded = {d.id: reason for d in members.pool if (reason := short_of(d, wants)) is not None}
    told = "; ".join(f"{name}: {reason}" for name, reason in list(excluded.items())[:8])
    if len(excluded) == len(members.pool):
        return Kept(members, f"asked all the same: {told}")
    return Kept(members.less(excluded), told, excluded)
