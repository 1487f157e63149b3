"""The last decisions and their outcomes, by request id. Bounded; the oldest goes first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from pointsman.model.outcome import Outcome
from pointsman.routing.explain import as_data, hints_data
from pointsman.telemetry.events import Finished

MOST = 1_000
"""Decisions kept in memory. Four thousand fall out of the processor's cache: a tenth more time for every request."""


class Records:
    """Implements ``GET /v1/decisions/{request_id}``."""

    def __init__(self, most: int = MOST) -> None:
        self._ring: list[str | None] = [None] * most
        self._at = 0
        self._events: dict[str, Finished] = {}

    def count(self, events: Sequence[Finished], /) -> None:
        at, ring, kept = self._at, self._ring, self._events
        for event in events:
            oldest = ring[at]
            if oldest is not None:
                kept.pop(oldest, None)
            ring[at] = event.request_id
            kept[event.request_id] = event
            at = (at + 1) % len(ring)
        self._at = at

    def find(self, request_id: str) -> dict[str, Any] | None:
        event = self._events.get(request_id)
        return record_data(event) if event is not None else None

    def latest(self, limit: int) -> list[dict[str, Any]]:
        """At most ``limit`` records in short, newest first, as JSON-ready data."""
        newest = list(islice(reversed(self._events.values()), limit))
        return [
            {
                "request_id": event.request_id,
                "created": event.at,
                "endpoint": event.endpoint,
                "model": event.model and event.model[:200],  # callers choose names, and their length
                "deployment": event.deployment or None,
                "provider": event.provider or None,
                "route": event.decision.route if event.decision is not None else None,
                "ok": event.outcome.failure is None and event.outcome.status < 400,
                "failure": event.outcome.failure.value if event.outcome.failure is not None else None,
                "status": event.outcome.status,
                "seconds": round(event.outcome.seconds, 6),
                "attempts": len(event.outcome.attempts),
                "fallbacks": event.outcome.fallbacks,
                "cost": cost_data(event.outcome),
            }
            for event in newest
        ]


def record_data(event: Finished) -> dict[str, Any]:
    """One record as JSON-ready data."""
    return {
        "request_id": event.request_id,
        "endpoint": event.endpoint,
        "model": event.model,
        "created": event.at,
        "hints": hints_data(event.hints),
        "decision": as_data(event.decision) if event.decision is not None else None,
        "outcome": outcome_data(event.outcome),
        "error": event.error,
    }


def cost_data(outcome: Outcome) -> dict[str, Any] | None:
    """What it cost, and whether that goes by estimated tokens; None if nobody knows."""
    dollars = outcome.cost
    return None if dollars is None else {"dollars": dollars, "estimated": outcome.usage.estimated}


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "ok": outcome.failure is None and outcome.status < 400,
        "failure": outcome.failure.value if outcome.failure is not None else None,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 6),
        "first_token_seconds": None if outcome.first_token is None else round(outcome.first_token, 6),
        "fallbacks": outcome.fallbacks,
        "resumed": outcome.resumed,
        "usage": {
            "prompt_tokens": outcome.usage.prompt_tokens,
            "completion_tokens": outcome.usage.completion_tokens,
            "total_tokens": outcome.usage.total_tokens,
            "cached_tokens": outcome.usage.cached_tokens,
            "written_tokens": outcome.usage.written_tokens,
            "estimated": outcome.usage.estimated,
        },
        "cost": cost_data(outcome),
        "attempts": [
            {
                "deployment": attempt.deployment,
                "model": attempt.model,
                "fallback": attempt.tier,
                "resumed": attempt.resumed,
                "failure": attempt.failure.value if attempt.failure is not None else None,
                "status": attempt.status,
                "detail": attempt.detail,
                "seconds": round(attempt.seconds, 6),
                "dollars": attempt.cost,
                **({"key": attempt.key} if attempt.key else {}),
            }
            for attempt in outcome.attempts
        ],
    }
