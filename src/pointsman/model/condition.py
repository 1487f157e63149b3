"""Conditions of rules and chains, parsed: what ``header.x-priority == "high"`` is once nobody sees its text any more.

A tree of frozen facts. ``config/conditions.py`` reads it from text, ``routing/conditions.py`` turns it into a function.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "matches"]

HEADER = "header."
"""How the names of facts about headers begin. Their values are compared without case."""

Value = str | float | bool | tuple[str | float | bool, ...]


class Fact(msgspec.Struct, frozen=True, tag=True):
    """What may be known of a request or of the present: ``stream``, ``header.x-priority``, ``ollama_unavailable``."""

    name: str


class Compare(msgspec.Struct, frozen=True, tag=True):
    """A fact beside a value. Sizes and durations in the text are numbers here: billions, seconds."""

    fact: Fact
    operator: Operator
    value: Value


class Not(msgspec.Struct, frozen=True, tag=True):
    part: Node


class All(msgspec.Struct, frozen=True, tag=True):
    parts: tuple[Node, ...]


class Some(msgspec.Struct, frozen=True, tag=True):
    """At least one of them."""

    parts: tuple[Node, ...]


Node = Fact | Compare | Not | All | Some


class Condition(msgspec.Struct, frozen=True):
    """``text`` as it was written, without secrets, for explanations."""

    text: str
    root: Node

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"


def facts_of(node: Node) -> frozenset[str]:
    """The names of the facts that a condition looks at."""
    if isinstance(node, Fact):
        return frozenset((node.name,))
    if isinstance(node, Compare):
        return frozenset((node.fact.name,))
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return frozenset(name for part in parts for name in facts_of(part))


ALWAYS = Condition("always", All(()))
