"""What a decision asks of the world before it can be made: at most one embedding, and only where one is configured."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from pointsman.flow.effects import Effect, Embed, Embedded, Reply
from pointsman.model.decision import Decision
from pointsman.model.request import Request
from pointsman.model.view import Dice
from pointsman.routing.pipeline import Pipeline, Sight
from pointsman.state.scoreboard import Scoreboard


def heard(pipeline: Pipeline, request: Request) -> Generator[Effect, Reply, Any]:
    """The embedding of the request's words; None if none is wanted or none could be had."""
    text = pipeline.content.wanted(request)
    settings = pipeline.topology.semantic
    if text is None or settings is None:
        return None
    reply = yield Embed(settings.encoder, text)
    if type(reply) is not Embedded:
        raise TypeError(f"no reply to an embedding: {reply!r}")
    return reply.vector


def decide(
    pipeline: Pipeline, request: Request, board: Scoreboard, dice: Dice, sights: list[Sight] | None = None
) -> Generator[Effect, Reply, Decision]:
    """Decide without acting or counting: the dry run. Same stages, same steps."""
    vector = yield from heard(pipeline, request)
    with board.lock:
        return pipeline.decide(request, board, dice, sights, vector)
