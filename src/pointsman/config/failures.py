"""Failures by name: LiteLLM's classes of exceptions, and our own kinds, as policies about them are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pointsman.config.findings import Path, Report
from pointsman.model.outcome import CONSEQUENCES, FailureKind

CLASSES: dict[str, tuple[FailureKind, ...]] = {
    "BadRequestError": (FailureKind.BAD_REQUEST,),
    "AuthenticationError": (FailureKind.AUTH,),
    "TimeoutError": (
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TIMEOUT,
        FailureKind.FIRST_TOKEN_TIMEOUT,
        FailureKind.IDLE_TIMEOUT,
    ),
    "RateLimitError": (FailureKind.RATE_LIMITED, FailureKind.QUOTA),
    "ContentPolicyViolationError": (FailureKind.FILTERED,),
    "InternalServerError": (
        FailureKind.SERVER_ERROR,
        FailureKind.REFUSED,
        FailureKind.RESET,
        FailureKind.GARBAGE,
        FailureKind.CUT,
    ),
    "ServiceUnavailableError": (FailureKind.OVERLOADED,),
    "NotFoundError": (FailureKind.NOT_FOUND,),
}
"""LiteLLM's class -> what it raises it for. A request that is too long is none of them: it has its own fallbacks."""

REST = "Default"
"""Every kind that no other entry names."""

ENDS = frozenset({FailureKind.DEADLINE, FailureKind.DIFFERS, FailureKind.CLIENT_GONE, FailureKind.OUTRUN})
"""No upstream's word, but our own or the caller's end of it: no policy is about them."""

KINDS = {kind.value: kind for kind in FailureKind if kind not in ENDS}

AGAIN = tuple(kind for kind, consequence in CONSEQUENCES.items() if consequence.elsewhere and kind not in ENDS)
"""What may come out otherwise the next time."""


def names(suffix: str) -> tuple[str, ...]:
    """How the entries of a policy are called: ``suffix`` is what LiteLLM puts behind the classes."""
    return (*(f"{name}{suffix}" for name in (*CLASSES, REST)), *KINDS)


def said(suffix: str, most: int) -> dict[str, Any]:
    """A policy in JSON Schema, for editors. Its values are whole numbers."""
    values = {"type": ["integer", "null"], "minimum": 0, "maximum": most}
    return {"type": "object", "properties": dict.fromkeys(names(suffix), values), "additionalProperties": False}


def read_policy(
    given: Mapping[str, int | None], suffix: str, rest: Iterable[FailureKind], path: Path, report: Report
) -> dict[FailureKind, int]:
    """Numbers by kind: a kind's own counts before that of its class, and ``rest`` have the default. null says nothing.

    Unknown names are in the report.
    """
    known = names(suffix)
    for name in given:
        if name not in known:
            report.unknown("error", (*path, name), "unknown kind of failure {}", name, known, ", ".join(known[:9]))
    told = {name: value for name, value in given.items() if value is not None}
    found = dict.fromkeys(rest, told[f"{REST}{suffix}"]) if f"{REST}{suffix}" in told else {}
    for name, kinds in CLASSES.items():
        if f"{name}{suffix}" in told:
            found |= dict.fromkeys(kinds, told[f"{name}{suffix}"])
    return found | {kind: told[name] for name, kind in KINDS.items() if name in told}
