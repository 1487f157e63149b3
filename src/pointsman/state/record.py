"""What is remembered of one deployment, and the place that a request takes at it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.secret import Key
from pointsman.state.adaptive import AdaptiveLimit
from pointsman.state.allowance import Allowance
from pointsman.state.breaker import Breaker
from pointsman.state.cooldown import Cooldown
from pointsman.state.keyring import Keyring
from pointsman.state.minutes import RowMinute
from pointsman.state.results import Result, Results
from pointsman.state.table import Counts


class Place(msgspec.Struct):
    """A provider's share of the memory: requests in flight at any of its deployments, and whether it rests as a whole.
    ``provider`` is the newest of its name; ``keys`` are its keys, where it has several.
    """

    provider: Provider
    breaker: Breaker
    cooldown: Cooldown
    in_flight: int = 0
    keys: Keyring = msgspec.field(default_factory=Keyring)


class Record(msgspec.Struct):
    """All that is remembered of one deployment. ``deployment`` is the newest of its id. ``counted``: its requests and
    tokens a minute are. ``limit`` is how many it bears at a time, where that is learned. ``malformed`` counts frames of
    its streams that made no sense. ``failed`` and ``served`` are when it did so last; ``needed``: a request is asking
    it in need. ``keys``: what is held against keys of its provider here alone.

    ``row`` is where it stands in the board's table; ``marked``: its figures there are to be looked at, at the
    latest when they are ``due``; ``written`` are those that stand there (``Results.made``).
    """

    deployment: Deployment
    breaker: Breaker
    cooldown: Cooldown
    allowance: Allowance
    place: Place
    results: Results
    counted: bool
    limit: AdaptiveLimit | None = None
    successes: int = 0
    failures: int = 0
    malformed: int = 0
    served: float = -math.inf
    failed: float = -math.inf
    needed: bool = False
    counts: Counts = None  # type: ignore[assignment]  # set with its row, like the minutes
    row: int = 0
    marked: bool = False
    written: int = 0
    due: float = math.inf
    requests: RowMinute = None  # type: ignore[assignment]
    tokens: RowMinute = None  # type: ignore[assignment]
    keys: Keyring | None = None

    @property
    def in_flight(self) -> int:
        """Requests that it is serving now."""
        return self.counts.under_way[self.row]


class Passage(msgspec.Struct, frozen=True):
    """How a request was let through though somebody rested: past these ``breakers``, in this trial of each; it has a
    place of those in ``held``. ``need``: not as a probe that was due, but because nobody else was left.
    """

    breakers: Mapping[Breaker, int]
    held: tuple[Breaker, ...]
    need: bool

    def fresh(self, breaker: Breaker) -> bool:
        """Was it let through past this breaker, in the trial that is still under way?"""
        return self.breakers.get(breaker) == breaker.trial


class Lease(msgspec.Struct, gc=False):
    """A place taken at a deployment at the time ``begun``. ``passage`` is None where nobody rested. ``first_token`` is
    how many seconds later a stream's first content came. ``result`` and ``tokens``, those of the question included, are
    set when it delivered. ``key`` is the one that it is asked with, where its provider has several.
    """

    record: Record
    begun: float = 0.0
    passage: Passage | None = None
    first_token: float | None = None
    result: Result | None = None
    tokens: int = 0
    key: Key | None = None

    @property
    def probe(self) -> bool:
        """Is it one of the few requests that a half-open breaker lets through?"""
        return self.passage is not None and bool(self.passage.held) and not self.passage.need
