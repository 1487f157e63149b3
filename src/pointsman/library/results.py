"""What the router answers with: typed, frozen, and readable when printed. Times are seconds."""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.decision import Step


class ModelMetrics(msgspec.Struct, frozen=True):
    """Of one model. ``total_requests`` counts recorded results, ``routed`` choices, ``pending`` tasks under way.

    ``average_latency`` is of all recorded results, failures included; ``median_latency`` of the last successes, which
    is what strategies go by (None: there are none). ``success_rate`` is of all results, 0..1, None before the first;
    ``affinity`` the same by category, older results weighing less.
    """

    model_id: str
    total_requests: int
    successful_tasks: int
    failed_tasks: int
    routed: int
    pending: int
    average_latency: float
    median_latency: float | None
    success_rate: float | None
    circuit_breaker_open: bool
    affinity: dict[str, float] = {}


class BreakerStatus(msgspec.Struct, frozen=True):
    """Truthy while the breaker is open. ``state`` is closed, open or half_open; ``failures`` are those in a row,
    ``successes`` those since it is half-open. ``reason``: why the model is left out now, which it may also be with a
    closed breaker, as when it was told to wait (``health_check`` goes by that); ``retry_after`` is seconds until it may
    be tried again.
    """

    model_id: str
    state: str
    failures: int
    successes: int
    retry_after: float
    reason: str | None = None

    def __bool__(self) -> bool:
        return self.state == "open"


class Candidate(msgspec.Struct, frozen=True):
    """A model as an explanation has it. ``left_out``: by which stage and why, None if it was picked from; ``figures``
    are what the strategy looked at.
    """

    model: str
    left_out: str | None
    figures: dict[str, float] = {}


class Explanation(msgspec.Struct, frozen=True):
    """Who would get the prompt now, and why. ``model`` is None if nobody would, and ``refusal`` says why not."""

    model: str | None
    category: str
    strategy: str
    steps: tuple[Step, ...]
    candidates: tuple[Candidate, ...] = ()
    refusal: str | None = None

    @property
    def reason(self) -> str:
        """The last word of it."""
        return self.refusal or self.steps[-1].reason

    def __str__(self) -> str:
        wide = max((len(step.stage) for step in self.steps), default=0)
        lines = [f"{self.category} task -> {self.model or 'nobody'}  ({self.strategy})"]
        lines += [f"  {step.stage:<{wide}}  {step.before} -> {step.after}  {step.reason}" for step in self.steps]
        if self.refusal is not None:
            lines.append(f"  {self.refusal}")
        return "\n".join(lines)

    def as_data(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data
