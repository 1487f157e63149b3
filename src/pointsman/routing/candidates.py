"""Every deployment beside a decision: kept or left out, by which stage and why, and what would change it.

Reads what the stages left behind, and the present as they saw it; decides nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.errors import InvalidBody
from pointsman.model.decision import Decision, Pool, Step
from pointsman.model.deployment import Deployment
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.advice import BETTER, UNKNOWN, Asker, advice
from pointsman.routing.fallback import PURPOSES
from pointsman.routing.near import near_names
from pointsman.routing.shapes import Sight
from pointsman.routing.topology import Topology

Terms = dict[str, dict[str, float]]
"""What the strategy looked at, by deployment."""

MOST_LISTED = 8
"""Deployments that an error names."""


class Look(msgspec.Struct, frozen=True):
    """A dry run as it ended: with a decision, or with the ``steps`` of an error."""

    request: Request
    topology: Topology
    view: View
    sights: list[Sight]
    steps: tuple[Step, ...]
    decision: Decision | None = None
    terms: Terms = {}


class Candidates:
    """Over one look. Rows are JSON-ready data."""

    def __init__(self, look: Look) -> None:
        decision = self._decision = look.decision
        self._look = look
        self._asker = Asker(look.request, look.view, look.topology)
        self._kept = _ids(decision.pool) if decision is not None else frozenset()
        self._seen = [(sight, _ids(sight.pool)) for sight in look.sights]
        tiers = list(enumerate(decision.tiers))[1:] if decision is not None else []
        self._standing_by = {d.id: number for number, tier in reversed(tiers) for d in tier.pool}

    def rows(self) -> list[dict[str, Any]]:
        """One a deployment."""
        return [self._row(deployment) for deployment in self.everybody()]

    def row(self, name: str) -> dict[str, Any]:
        """The row of one. Raises InvalidBody with near names, else with some of all and how many more there are."""
        known = {deployment.id: deployment for deployment in self.everybody()}
        if name not in known:
            near = near_names(name, tuple(known), most=MOST_LISTED)
            told = f"near names: {', '.join(near)}" if near else f"there are: {_first(list(known))}"
            raise InvalidBody(f"no deployment {name[:100]!r} here; {told}", param="why_not")
        return self._row(known[name])

    def everybody(self) -> Pool:
        """All that are configured, an open one as the names that it was to serve here."""
        pools = [sight.pool for sight in self._look.sights]
        if self._decision is not None:
            pools += [tier.pool for tier in self._decision.tiers]
        found = {d.id: d for pool in pools for d in pool}
        configured = {d.id: d for d in self._look.topology.deployments}
        bound = {d.provider.name for d in found.values() if d.id not in configured}
        rest = {name: d for name, d in configured.items() if d.model is not None or d.provider.name not in bound}
        return tuple({**rest, **found}.values())

    def _row(self, deployment: Deployment) -> dict[str, Any]:
        kept = deployment.id in self._kept
        chosen = self._decision is not None and deployment.id == self._decision.choice.id
        stage, reason = ("strategy", self._look.steps[-1].reason) if kept else self._left_out(deployment)
        row: dict[str, Any] = {
            "deployment": deployment.id,
            "provider": deployment.provider.name,
            "kept": kept,
            "chosen": chosen,
            "reason": reason,
        }
        if not kept:
            row["excluded_by"] = stage
        if deployment.id in self._standing_by:
            row["fallback"] = self._standing_by[deployment.id]
        if deployment.id in self._look.terms:
            row["terms"] = self._look.terms[deployment.id]
        if deployment.input_cost is not None or deployment.output_cost is not None:
            row["prices"] = _prices(deployment)
        if not chosen:
            row["change"] = self._change(deployment, stage)
        return row

    def _left_out(self, deployment: Deployment) -> tuple[str, str]:
        """By which stage, and why. Who only stands in for others is told by what kept it from that, if anything did."""
        lacking = [sight for sight, ids in self._seen if deployment.id not in ids]
        for sight in lacking:
            if deployment.id in sight.excluded:
                return sight.stage, sight.excluded[deployment.id]
        stage = lacking[0].stage if lacking else self._look.steps[-1].stage
        return stage, self._unchosen(deployment, stage)

    def _unchosen(self, deployment: Deployment, stage: str) -> str:
        """Why a stage that says who serves a request did not name this one."""
        if stage in ("task", "semantic"):
            about = self._decision.task if self._decision is not None else None
            return f"is not the model for {about!r}" if about is not None else "is not the model for it"
        if not self._asker.serves(deployment):
            return "does not serve the name asked for"
        if stage == "tag":
            return f"its tags are {', '.join(deployment.tags)}" if deployment.tags else "it has no tags"
        if stage == "metadata":
            return f"a rule leads elsewhere, it is at {deployment.provider.name}"
        return "was not chosen by this stage"

    def _change(self, deployment: Deployment, stage: str) -> str:
        if stage == "strategy":
            terms = self._look.terms.get(deployment.id, {})
            return next((told for name, told in BETTER.items() if name in terms), UNKNOWN)
        told = advice(deployment, stage, self._asker)
        number = self._standing_by.get(deployment.id)
        if number is None or self._decision is None:
            return told
        cause = self._decision.tiers[number].on
        when = "when everybody before it has failed" if cause is None else f"for {PURPOSES[cause]}"
        return f"{when}; or {told}"


def _prices(deployment: Deployment) -> dict[str, Any]:
    """Dollars a token, and who says so."""
    return {
        "input": deployment.input_cost,
        "output": deployment.output_cost,
        "cached": deployment.cached_cost,
        "written": deployment.written_cost,
        "written_hour": deployment.written_hour_cost,
        "source": deployment.price_source or "configuration",
    }


def _ids(pool: Pool) -> frozenset[str]:
    return frozenset([deployment.id for deployment in pool])


def _first(names: list[str]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
