"""What a decision asks of the world before it can be made: at most one embedding, and only where one is configured."""

from __future__ import annotations

from collections.abc import Generator

from pointsman.flow.effects import Effect, Embed, Embedded, Reply
from pointsman.model.request import Request
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.shapes import Heard
from pointsman.state.scoreboard import Scoreboard


def heard(pipeline: Pipeline, request: Request, board: Scoreboard) -> Generator[Effect, Reply, Heard | None]:
    """What the encoder says of the request's words; None if it isn't asked."""
    with board.lock:
        wanted = pipeline.wanted(request, board)
    settings = pipeline.topology.semantic
    if wanted is None or settings is None:
        return None
    text, examples = wanted
    reply = yield Embed(settings.encoder, text, examples)
    if type(reply) is not Embedded:
        raise TypeError(f"no reply to an embedding: {reply!r}")
    return Heard(reply.vector, reply.examples, reply.detail)
