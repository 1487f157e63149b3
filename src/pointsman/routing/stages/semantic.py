"""Semantic: the category whose examples the request is most like, and the model for it."""

from __future__ import annotations

from pointsman.routing.shapes import UNREAD, Asked, Found, Settled, Unread
from pointsman.routing.topology import SEMANTIC, Topology

STAGE = "semantic"


def semantic(asked: Asked, found: Found, topology: Topology) -> Settled | str | Unread | None:
    if topology.semantic is None:
        return None
    if found.name not in (None, SEMANTIC):
        return "a model is named"
    if asked.verdict is None:
        return UNREAD
    stage, label = asked.verdict
    if stage != STAGE:
        return ""
    wanted = next(category for category in topology.semantic.categories if category.name == label)
    return Settled(found.name, f"model {wanted.model!r}", model=wanted.model)
