"""Cost-quality: a slot. No configuration can ask for it yet, so it has nothing to say."""

from __future__ import annotations

from pointsman.routing.shapes import Asked, Found
from pointsman.routing.topology import Topology


def cost_quality(_asked: Asked, _found: Found, _topology: Topology) -> None:
    return None
