"""Params: leaves out those whose provider has no words for a field of the request. Who may drop it is asked where
nobody else is left; what is dropped is told when the request is written.
"""

from __future__ import annotations

from pointsman.model.decision import Pool
from pointsman.model.members import Members
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.shapes import Kept
from pointsman.routing.topology import Topology
from pointsman.routing.wording import CHOOSY, unworded, wordless

IDLE = None


def concerned(pool: Pool, _topology: Topology) -> bool:
    """True if there may be anything to look at in the pool."""
    return any(d.provider.kind in CHOOSY for d in pool)


def keep(members: Members, request: Request, _view: View) -> Kept:
    lacks = {d.id: fields for d in members.pool if (fields := unworded(d, request))}
    if not lacks:
        return Kept(members, "")
    excluded = {d.id: told for d in members.pool if d.id in lacks and (told := wordless(d, request))}
    if len(lacks) < len(members.pool):  # somebody need not drop anything
        excluded = {
            d.id: excluded.get(d.id) or f"{d.provider.kind} would drop {', '.join(lacks[d.id])}"
            for d in members.pool
            if d.id in lacks
        }
    told = "; ".join(f"{name}: {reason}" for name, reason in list(excluded.items())[:8])
    return Kept(members.less(excluded), told, excluded)
