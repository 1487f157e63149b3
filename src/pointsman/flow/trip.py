"""One request's way from its decision to its end: what was asked of whom, and what came of it.

The only mutable thing in this room. It belongs to one flow; others may look when the flow has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from pointsman.errors import PointsmanError
from pointsman.model.decision import Decision, Leg
from pointsman.model.exchange import Refusal, Understood
from pointsman.model.outcome import NO_USAGE, Attempt, FailureKind, Outcome, Usage
from pointsman.model.request import Request
from pointsman.model.secret import Key
from pointsman.model.view import Dice
from pointsman.routing.pipeline import Pipeline
from pointsman.state.scoreboard import Scoreboard

LEFT = Refusal(FailureKind.CLIENT_GONE, "the caller left")


class Core(msgspec.Struct, frozen=True):
    """What a flow works with: the pipeline over a topology, the live memory, chance."""

    pipeline: Pipeline
    board: Scoreboard
    dice: Dice


class Told(msgspec.Struct, frozen=True, gc=False):
    """What the caller has of an answer that broke off: text by channel, of about so many tokens."""

    texts: dict[str, str]
    tokens: int


class Trip:
    """``decision`` and ``leg`` are unset until the flow has begun, ``outcome`` until it has ended.

    ``answer`` is a whole reply; ``error`` is set if nobody delivered all of one; a stream that was passed on has none.
    ``relayed``: the caller has seen part of an answer. ``broke`` is the number of the attempt in which it broke off,
    ``told`` what the caller has of it, if it may be gone on with.
    ``refusals`` are why each attempt that failed did, ``cause`` is the one that the caller is told. ``on`` is the cause
    whose own tiers the trip has turned to; ``too_short`` and ``longer_than`` are the models and the tokens that the
    request turned out to be too long for. ``charged``: it is known of an attempt what it cost. ``paid``: the attempt
    under way draws on the retry budget; ``spent``: others were asked, or would have been if it were worth it.
    ``parting`` is why nobody waits for the end, should the flow be closed before it.
    ``keys`` are those that failed it, each at its deployment (id).
    ``dropped`` are the fields that were left out of the request, by the deployment (id) that did not get them.
    ``started`` and ``deadline`` are points on the board's clock, ``decided`` is how many seconds it took to choose
    somebody, ``waited`` how many the request stood in line.
    """

    decision: Decision
    leg: Leg
    outcome: Outcome

    # What most requests never change stands here, so that beginning one is short.
    attempts: tuple[Attempt, ...] = ()
    asked: frozenset[tuple[str, str]] = frozenset()  # deployments and models that failed this request
    failed: frozenset[str] = frozenset()  # and their providers
    decided = 0.0
    waited = 0.0
    answer: Understood | None = None
    error: PointsmanError | None = None
    refusals: tuple[Refusal, ...] = ()
    cause: Refusal | None = None
    on: FailureKind | None = None
    too_short: frozenset[str] = frozenset()
    longer_than = 0
    paid = False
    spent = False
    usage: Usage = NO_USAGE
    first_token: float | None = None
    parting: Refusal = LEFT
    relayed = False
    charged = False
    broke: int | None = None
    told: Told | None = None
    keys: frozenset[tuple[str, Key]] = frozenset()
    dropped: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    def __init__(self, request: Request, core: Core) -> None:
        self.request = request
        self.core = core
        self.started = core.board.clock()
        self.router = core.pipeline.topology.router
        self.deadline = self.started + (request.timeout or self.router.timeout)

    @property
    def refusal(self) -> Refusal | None:
        """Why the last attempt that failed did."""
        return self.refusals[-1] if self.refusals else None
