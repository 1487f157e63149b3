"""What listeners hear. Frozen, small, without the request's content; nothing comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from pointsman.model.decision import Decision, Step
from pointsman.model.outcome import Outcome
from pointsman.model.request import NO_HINTS, Hints


class Finished(msgspec.Struct, frozen=True, gc=False):
    """A request that was accepted for routing is over. ``at`` is when it was accepted, in Unix seconds; ``decided`` how
    many seconds later its first deployment was chosen (0: none was). ``cache``: hit, miss or bypass.
    """

    request_id: str
    endpoint: str
    model: str | None
    decision: Decision | None
    outcome: Outcome
    deployment: str
    provider: str
    at: float
    error: str | None = None
    decided: float = 0.0
    hints: Hints = NO_HINTS
    cache: str = "bypass"


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A request was understood, and its decision ended in an error of the caller's: nobody was asked. It is not counted
    as accepted for routing. ``steps`` are what the stages said until then.
    """

    request_id: str
    model: str | None
    error: str
    steps: tuple[Step, ...] = ()


class Listener(Protocol):
    """Hears of every finished request, and of every refused one. Must be quick and must not raise."""

    def __call__(self, event: Finished | Refused, /) -> None: ...


class Counter(Protocol):
    """Counts finished requests, many at a time: what is looked up once a batch costs a single request nothing."""

    def count(self, events: Sequence[Finished], /) -> None: ...
