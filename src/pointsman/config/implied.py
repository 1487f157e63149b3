"""What follows from conditions without knowing any request. Sound, not complete: a doubt is a no."""

from __future__ import annotations

from pointsman.config.possible import odds
from pointsman.model.condition import All, Condition, Node, Not


def never(condition: Condition | None) -> bool:
    """True if it can't hold for any request."""
    return condition is not None and odds(condition.root) is not None


def implies(one: Node, other: Node) -> bool:
    """True if the other holds whenever the one does."""
    return one == other or odds(All((one, Not(other)))) is not None
