"""Every deployment beside a decision: kept or left out, by which stage and why, and what would change it.

Reads what the stages left behind, and the present as they saw it; decides nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.model.decision import Decision, Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.advice import BETTER, UNKNOWN, advice, serves
from pointsman.routing.shapes import Sight
from pointsman.routing.topology import Topology

Terms = dict[str, dict[str, float]]
"""What the strategy looked at, by deployment."""


class Look(msgspec.Struct, frozen=True):
    """A dry run as it ended: with a decision, or with the ``steps`` of an error."""

    request: Request
    topology: Topology
    view: View
    sights: list[Sight]
    steps: tuple[Step, ...]
    decision: Decision | None = None
    terms: Terms = {}


def candidates(look: Look) -> list[dict[str, Any]]:
    """One row a deployment, as JSON-ready data."""
    standing_by = _standing_by(look.decision)
    return [_row(deployment, look, standing_by.get(deployment.id, 0)) for deployment in everybody(look)]


def everybody(look: Look) -> Pool:
    """All that are configured, an open one as the names that it was to serve here."""
    pools = [sight.pool for sight in look.sights]
    if look.decision is not None:
        pools += [tier.pool for tier in look.decision.tiers]
    found = {d.id: d for pool in pools for d in pool}
    bound = {d.provider.name for d in found.values() if d.model is not None} - {
        d.provider.name for d in look.topology.deployments if d.model is not None
    }
    rest = (d for d in look.topology.deployments if d.model is not None or d.provider.name not in bound)
    return tuple({**{d.id: d for d in rest}, **found}.values())


def _row(deployment: Deployment, look: Look, tier: int) -> dict[str, Any]:
    decision = look.decision
    kept = decision is not None and deployment.id in {d.id for d in decision.pool}
    chosen = decision is not None and deployment.id == decision.choice.id
    row: dict[str, Any] = {
        "deployment": deployment.id,
        "provider": deployment.provider.name,
        "kept": kept,
        "chosen": chosen,
    }
    stage, reason = ("strategy", look.steps[-1].reason) if kept else _left_out(deployment, look)
    if not kept:
        row["excluded_by"] = stage
    row["reason"] = reason
    if tier:
        row["fallback"] = tier
    if deployment.id in look.terms:
        row["terms"] = look.terms[deployment.id]
    if not chosen:
        row["change"] = _change(deployment, stage, look, tier)
    return row


def _left_out(deployment: Deployment, look: Look) -> tuple[str, str]:
    """By which stage, and why. Who only stands in for others is told by what kept it from that, if anything did."""
    lacking = [sight for sight in look.sights if all(d.id != deployment.id for d in sight.pool)]
    for sight in lacking:
        if deployment.id in sight.excluded:
            return sight.stage, sight.excluded[deployment.id]
    stage = lacking[0].stage if lacking else look.steps[-1].stage
    return stage, _unchosen(deployment, stage, look)


def _unchosen(deployment: Deployment, stage: str, look: Look) -> str:
    """Why a stage that says who serves a request did not name this one."""
    if stage in ("task", "semantic"):
        return (
            f"is not the model for {look.decision.task!r}" if look.decision is not None else "is not the model for it"
        )
    if not serves(deployment, look.request.model, look.topology):
        return "does not serve the name asked for"
    if stage == "tag":
        return f"its tags are {', '.join(deployment.tags)}" if deployment.tags else "it has no tags"
    if stage == "metadata":
        return f"a rule leads elsewhere, it is at {deployment.provider.name}"
    return "was not chosen by this stage"


def _change(deployment: Deployment, stage: str, look: Look, tier: int) -> str:
    if stage == "strategy":
        terms = look.terms.get(deployment.id, {})
        return next((told for name, told in BETTER.items() if name in terms), UNKNOWN)
    told = advice(deployment, stage, look.request, look.view, look.topology)
    return f"when everybody before it has failed; or {told}" if tier else told


def _standing_by(decision: Decision | None) -> dict[str, int]:
    """The first fallback tier that each deployment is in."""
    if decision is None:
        return {}
    tiers = list(enumerate(decision.tiers))[1:]
    return {d.id: number for number, tier in reversed(tiers) for d in tier.pool}
