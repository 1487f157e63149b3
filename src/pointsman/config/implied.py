"""What follows from a condition without knowing any request. Sound, not complete: a doubt is a no."""

from __future__ import annotations

from math import inf

from pointsman.model.condition import All, Compare, Condition, Node, Some

NEVER = Some(())

Span = tuple[tuple[float, int], tuple[float, int]]
"""The least and the most of an ordered value; the second figures say whether they are out (1, -1) or in (0)."""


def never(condition: Condition | None) -> bool:
    """True if it can't hold for any request."""
    return condition is not None and implies(condition.root, NEVER)


def implies(one: Node, other: Node) -> bool:
    """True if the other holds whenever the one does."""
    if one == other:
        return True
    if isinstance(other, All):
        return all(implies(one, part) for part in other.parts)
    if isinstance(one, Some):
        return all(implies(part, other) for part in one.parts)
    if isinstance(other, Some) and any(implies(one, part) for part in other.parts):
        return True
    if isinstance(one, All):
        return any(implies(part, other) for part in one.parts)
    return isinstance(one, Compare) and isinstance(other, Compare) and _narrower(one, other)


def _narrower(one: Compare, other: Compare) -> bool:
    """True if every value that the one lets through is let through by the other."""
    if one.fact != other.fact:
        return False
    values, others = _values(one), _values(other)
    if values is not None and others is not None:
        return values <= others
    span, wide = _span(one), _span(other)
    return span is not None and wide is not None and wide[0] <= span[0] and span[1] <= wide[1]


def _values(compare: Compare) -> frozenset[object] | None:
    if compare.operator == "==":
        return frozenset((compare.value,))
    return frozenset(compare.value) if compare.operator == "in" and isinstance(compare.value, tuple) else None


def _span(compare: Compare) -> Span | None:
    value = compare.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    at: dict[str, Span] = {
        "==": ((value, 0), (value, 0)),
        "<": ((-inf, 0), (value, -1)),
        "<=": ((-inf, 0), (value, 0)),
        ">": ((value, 1), (inf, 0)),
        ">=": ((value, 0), (inf, 0)),
    }
    return at.get(compare.operator)
