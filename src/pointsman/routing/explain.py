"""A decision as data and as text. Prints Decision.steps and the plan; works nothing out on its own.

Names that callers choose may hold line breaks and terminal codes; in text they are printed as what they are.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.decision import Decision, Leg, Step
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.routing.fallback import legs

CASES = {FailureKind.CONTEXT: "if too long", FailureKind.FILTERED: "if filtered"}
"""Lines beside the plan: whom to turn to instead of it."""


def as_data(decision: Decision) -> dict[str, Any]:
    """The decision as JSON-ready data: what ``POST /v1/route`` and ``GET /v1/decisions/{id}`` answer."""
    return {
        "model": decision.model,
        "deployment": decision.choice.id,
        "provider": decision.choice.provider.name,
        "upstream_model": decision.upstream_model,
        "route": decision.route,
        "strategy": decision.strategy,
        "tags": list(decision.tags),
        "task": decision.task,
        "not_sent": list(decision.unsent),
        "steps": steps_data(decision.steps),
        "plan": [_leg_data(leg, decision) for leg in legs(decision)],
    }


def _leg_data(leg: Leg, decision: Decision) -> dict[str, Any]:
    """``on`` is there where the leg is for one cause only."""
    data = {
        "deployment": leg.deployment.id,
        "provider": leg.deployment.provider.name,
        "model": leg.model,
        "group": leg.group,
        "fallback": leg.tier,
    }
    cause = decision.tiers[leg.tier].on
    return data if cause is None else {**data, "on": cause.value}


def hints_data(hints: Hints) -> dict[str, Any]:
    """What the caller said beside the model's name: only what was said."""
    said = msgspec.structs.asdict(hints)
    return {name: value for name, value in said.items() if value}


def steps_data(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """What the stages said, as JSON-ready data."""
    return [{"stage": s.stage, "before": s.before, "after": s.after, "reason": s.reason} for s in steps]


def as_text(decision: Decision) -> str:
    """The decision as a few lines for a terminal or a log."""
    asked = decision.model if decision.model is not None else "(no model named)"
    place = decision.choice.provider.name
    more = {name: ", then ".join(plan) for name, plan in _plans(decision).items()}
    if decision.unsent:
        more["not sent"] = f"{', '.join(decision.unsent)}: {place} does not take it"
    wide = max(_width(decision.steps), *map(len, more))
    first = plain(f"{asked} -> {decision.choice.id}  ({decision.upstream_model} at {place})")
    return "\n".join(
        [first, steps_text(decision.steps, wide), *(plain(f"  {name:<{wide}}  {told}") for name, told in more.items())]
    )


def _plans(decision: Decision) -> dict[str, list[str]]:
    """Whom to ask in turn, and whom instead after failures with fallbacks of their own."""
    first = decision.tiers[decision.tier].on
    plans: dict[str, list[str]] = {}
    for leg in legs(decision):
        on = decision.tiers[leg.tier].on
        told = "" if leg.tier == 0 else f" (fallback {leg.group})"
        plans.setdefault("plan" if on is None or on is first else CASES[on], []).append(f"{leg.deployment.id}{told}")
    return plans


def steps_text(steps: tuple[Step, ...], wide: int = 0) -> str:
    """What the stages said, a line each."""
    wide = max(wide, _width(steps))
    return "\n".join(plain(f"  {s.stage:<{wide}}  {s.before:>5} -> {s.after:<5} {s.reason}") for s in steps)


def _width(steps: tuple[Step, ...]) -> int:
    """Of the column of stages, which has room for the lines behind them too."""
    return max((len(step.stage) for step in steps), default=0)


def plain(text: str) -> str:
    """A text that takes one line and no liberties."""
    return text if text.isprintable() else ascii(text)[1:-1]


def candidates_text(rows: list[dict[str, Any]]) -> str:
    """What ``routing.candidates`` tells of everybody, a line each: the choice first, then who was kept."""
    lines = []
    for row in sorted(rows, key=lambda row: (not row["chosen"], not row["kept"])):
        word = "chosen" if row["chosen"] else "kept" if row["kept"] else "excluded"
        by = "" if row["kept"] else f"by {row['excluded_by']}: {row['reason']}"
        figures = ", ".join(f"{name} {value:.4g}" for name, value in row.get("terms", {}).items())
        source = row.get("prices", {}).get("source", "")
        if "dollars" in row.get("terms", {}) and source.startswith("table"):
            figures += f" ({source})"
        change = f"to change it: {row['change']}" if "change" in row else ""
        lines.append(f"  {word:<8}  {row['deployment']}  {'; '.join(filter(None, (by, figures, change)))}".rstrip())
    return "\n".join(map(plain, lines))
