"""A decision as data and as text. Prints Decision.steps and the plan; works nothing out on its own.

Names that callers choose may hold line breaks and terminal codes; in text they are printed as what they are.
"""

from __future__ import annotations

from typing import Any

from pointsman.model.decision import Decision, Pool, Step
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import Sight


def as_data(decision: Decision) -> dict[str, Any]:
    """The decision as JSON-ready data: what ``POST /v1/route`` and ``GET /v1/decisions/{id}`` answer."""
    return {
        "model": decision.model,
        "deployment": decision.choice.id,
        "provider": decision.choice.provider.name,
        "upstream_model": decision.upstream_model,
        "route": decision.route,
        "strategy": decision.strategy,
        "steps": steps_data(decision.steps),
        "plan": [
            {
                "deployment": leg.deployment.id,
                "provider": leg.deployment.provider.name,
                "model": leg.model,
                "group": leg.group,
                "fallback": leg.tier,
            }
            for leg in legs(decision)
        ],
    }


def steps_data(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """What the stages said, as JSON-ready data."""
    return [{"stage": s.stage, "before": s.before, "after": s.after, "reason": s.reason} for s in steps]


def as_text(decision: Decision) -> str:
    """The decision as a few lines for a terminal or a log."""
    asked = decision.model if decision.model is not None else "(no model named)"
    where = f"({decision.upstream_model} at {decision.choice.provider.name})"
    lines = [f"{asked} -> {decision.choice.id}  {where}"]
    wide = max(len(step.stage) for step in decision.steps)
    lines += [f"  {step.stage:<{wide}}  {step.before:>5} -> {step.after:<5} {step.reason}" for step in decision.steps]
    plan = [f"{leg.deployment.id}{'' if leg.tier == 0 else f' (fallback {leg.group})'}" for leg in legs(decision)]
    lines.append(f"  {'plan':<{wide}}  {', then '.join(plan)}")
    return "\n".join(map(plain, lines))


def plain(text: str) -> str:
    """A text that takes one line and no liberties."""
    return text if text.isprintable() else ascii(text)[1:-1]


def candidates(everyone: Pool, sights: list[Sight], choice: str | None) -> list[dict[str, Any]]:
    """Every deployment: kept, chosen, or excluded by which stage and why. ``sights`` come from the same decision."""
    rows = []
    seen = [(sight, {deployment.id for deployment in sight.pool}) for sight in sights]
    for deployment in everyone:
        chosen = deployment.id == choice  # by a fallback group too, whose members the sights don't show
        row: dict[str, Any] = {"deployment": deployment.id, "kept": True, "chosen": chosen}
        out = [sight for sight, kept in seen if deployment.id not in kept and not chosen]
        if out:  # members of a fallback group are first left out for not serving the name, then for a reason
            by = next((sight for sight in out if deployment.id in sight.excluded), out[0])
            reason = by.excluded.get(deployment.id, "does not serve the name asked for")
            row.update(kept=False, excluded_by=by.stage, reason=reason)
        rows.append(row)
    return rows
