"""The dry run in full: a decision, or the error it would end in, and what is to be said of every deployment."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from pointsman.errors import PointsmanError
from pointsman.flow.decide import heard
from pointsman.flow.effects import Effect, Reply
from pointsman.flow.trip import Core
from pointsman.model.decision import Decision, Step
from pointsman.model.request import Request
from pointsman.routing.candidates import Look, Terms, candidates
from pointsman.routing.shapes import Sight


class Account(msgspec.Struct, frozen=True):
    """``decision`` or ``error``; ``candidates`` as ``routing.candidates`` tells them, if they were asked for."""

    decision: Decision | None
    error: PointsmanError | None
    candidates: list[dict[str, Any]] = []


def explain(request: Request, core: Core, *, verbose: bool) -> Generator[Effect, Reply, Account]:
    """Decide without acting or counting; ``verbose``: tell of everybody, as they are at that moment. Raises the errors
    that have no steps.
    """
    pipeline, board = core.pipeline, core.board
    said = (yield from heard(pipeline, request, board)) if pipeline.content.remote else None
    sights: list[Sight] | None = [] if verbose else None
    with board.lock:
        try:
            decision = pipeline.decide(request, board, core.dice, sights, said)
        except PointsmanError as error:
            if not error.steps:
                raise
            return Account(None, error, _everybody(request, core, sights, error.steps))
        return Account(decision, None, _everybody(request, core, sights, decision.steps, decision))


def _everybody(
    request: Request, core: Core, sights: list[Sight] | None, steps: tuple[Step, ...], decision: Decision | None = None
) -> list[dict[str, Any]]:
    if sights is None:
        return []
    terms = _terms(request, core, decision) if decision is not None else {}
    return candidates(Look(request, core.pipeline.topology, core.board, sights, steps, decision, terms))


def _terms(request: Request, core: Core, decision: Decision) -> Terms:
    """What the strategy looked at when it picked."""
    strategy = core.pipeline.strategy(decision.tiers[decision.tier], decision.pool)
    figures = strategy.terms(request, core.board)
    return {d.id: row for d, row in zip(decision.pool, figures, strict=True)}
