"""The dry run in full: a decision, or the error it would end in, and what is to be said of every deployment."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from pointsman.errors import PointsmanError
from pointsman.flow.decide import heard
from pointsman.flow.effects import Effect, Reply
from pointsman.flow.reworded import foretold
from pointsman.flow.trip import Core
from pointsman.model.decision import Decision
from pointsman.model.request import Request
from pointsman.routing.candidates import Candidates, Look, Terms
from pointsman.routing.shapes import Sight


class Account(msgspec.Struct, frozen=True):
    """``decision`` or ``error``; ``candidates``, and ``why_not`` for one of them, as far as they were asked for."""

    decision: Decision | None
    error: PointsmanError | None
    candidates: list[dict[str, Any]] = []
    why_not: dict[str, Any] | None = None


class Wish(msgspec.Struct, frozen=True):
    """What to tell besides: of everybody, of one."""

    everybody: bool = False
    about: str | None = None

    def __bool__(self) -> bool:
        return self.everybody or self.about is not None


NOTHING_MORE = Wish()


def explain(request: Request, core: Core, wish: Wish) -> Generator[Effect, Reply, Account]:
    """Decide without acting or counting, and tell of others as they are at that moment. Raises the errors that have no
    steps, and InvalidBody if nobody is what it is asked about.
    """
    pipeline, board = core.pipeline, core.board
    said = (yield from heard(pipeline, request, board)) if pipeline.content.remote else None
    sights: list[Sight] | None = [] if wish else None
    with board.lock:
        try:
            decision = pipeline.decide(request, board, core.dice, sights, said)
        except PointsmanError as error:
            if not error.steps:
                raise
            account, steps = Account(None, error), error.steps
        else:
            decision = foretold(decision, request)
            account, steps = Account(decision, None), decision.steps
        if sights is None:
            return account
        terms = _terms(request, core, account.decision) if account.decision is not None else {}
        look = Candidates(Look(request, pipeline.topology, board, sights, steps, account.decision, terms))
        rows = look.rows() if wish.everybody else []
        return Account(account.decision, account.error, rows, look.row(wish.about) if wish.about is not None else None)


def _terms(request: Request, core: Core, decision: Decision) -> Terms:
    """What the strategy looked at when it picked."""
    strategy = core.pipeline.strategy(decision.tiers[decision.tier], decision.pool)
    figures = strategy.terms(request, core.board)
    return {d.id: row for d, row in zip(decision.pool, figures, strict=True)}
