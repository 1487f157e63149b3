"""The roles that routing depends on: time, chance, and the live state it may read. Nothing here acts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from pointsman.model.deployment import Deployment
from pointsman.model.members import Column, Members


class Clock(Protocol):
    """Monotonic seconds."""

    def __call__(self) -> float: ...


class Dice(Protocol):
    """Chance: a float in [0, 1). ``random.Random`` is one; tests bring a table of draws."""

    def random(self) -> float: ...


class Turns(msgspec.Struct):
    """Round robin's memory of one group: virtual time by deployment id, the time of the last turn given, and whose turn
    that was. None: nobody's yet, and dice say who begins; the empty text: the first of the pool does.
    """

    at: dict[str, float] = msgspec.field(default_factory=dict)
    floor: float = 0.0
    last: str | None = None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What a deployment's last results come to. Times are seconds; None where there are no such results.

    ``latency`` is the median to the end of an answer, streamed or not; ``first_token`` the 95th percentile to the first
    content of a stream; ``per_token`` the median of seconds a completion token. Failures show in ``success_rate``
    (0..1) alone. ``peak`` is an average of the wait (for a stream's first content, for other answers' end) that rises
    at once and falls slowly, with time too (peak EWMA); a time-out raises it. Older results weigh less. Details:
    docs/concepts/memory.md.
    """

    samples: int = 0
    success_rate: float = 1.0
    latency: float | None = None
    first_token: float | None = None
    per_token: float | None = None
    peak: float | None = None

    def figure(self, name: str) -> float:
        """As it stands in a column: ``trust`` too, and a time that nobody knows is infinite. Who never delivered has no
        times.
        """
        if name == "trust":
            return trust_in(self.success_rate, self.samples)
        found: float | None = getattr(self, name)
        never = name in TIMES and self.latency is None
        return math.inf if found is None or never else float(found)


UNSEEN = Standing()

TIMES = frozenset({"latency", "first_token", "per_token"})
"""Figures that are seconds."""


def trust_in(success_rate: float, samples: int) -> float:
    """A success rate with one success on credit: above 0, so that nobody is written off by a single failure."""
    return 1.0 if success_rate == 1.0 else (success_rate * samples + 1) / (samples + 1)


class Glance(NamedTuple):
    """Of a deployment's results what costs least to know. ``trust`` is the success rate with one success on credit."""

    samples: int
    trust: float
    peak: float | None


class Known(NamedTuple):
    """What is known of one kind of task: how many of each member went well and how many did not, older ones weighing
    less, where one of now is ``unit``. The best member's are worth going by from ``enough`` of them on.
    """

    good: Column
    bad: Column
    unit: float
    enough: int


class View(Protocol):
    """What a decision may know of the present. ``state.scoreboard.Scoreboard`` is the one in use."""

    @property
    def resting(self) -> Mapping[str, object]:
        """Deployments (by id) that may be unfit just now; empty when all is well, which is the common case."""
        ...

    @property
    def reduced(self) -> Mapping[str, float]:
        """Deployments (by id) that are served, but with less than their share: for recent errors, or since they have
        just come back. What part of it they have (0..1); empty when all is well.
        """
        ...

    @property
    def utilizations(self) -> Mapping[str, float]:
        """How busy the machines or programs of deployments (by id) are, 0..1, as far as somebody watches them: another
        mapping whenever one has changed.
        """
        ...

    def fitness(self, deployment: Deployment) -> str | None:
        """None if it may be asked, else the reason why not ("cooling down for 3.2 s more (rate_limited)")."""
        ...

    def told_to_rest(self, deployment: Deployment) -> bool:
        """Did its upstream say that it wants to rest, or refuse the key? Any other rest is a guess."""
        ...

    def at_limit(self, deployment: Deployment) -> bool:
        """Does it rest for a rate limit or a spent quota?"""
        ...

    def in_need(self, everybody: Iterable[Deployment], able: Sequence[Deployment]) -> Deployment | None:
        """Whom to ask although it rests, when nobody who may be asked is left: of those that are ``able`` and were not
        told to rest, the one that failed least recently. None while another request asks one of ``everybody`` so.
        """
        ...

    def room(self, deployment: Deployment, tokens: int) -> str | None:
        """None if its limits leave room for a request of ``tokens``, else the reason ("60 a minute reached")."""
        ...

    def crowded(self, deployment: Deployment, tokens: int) -> bool:
        """Is it fit, and full only for the requests that it is serving now?"""
        ...

    def in_flight(self, deployment: Deployment) -> int:
        """Requests it is serving now, as far as they were sent from here."""
        ...

    def load(self, deployment: Deployment) -> int:
        """The same with those that others have at its provider, where that is watched."""
        ...

    def turns(self, group: str) -> Turns:
        """Round robin's memory of a group."""
        ...

    def wait(self, deployment: Deployment, tokens: int = 0) -> float:
        """Seconds until it may be fit and have room for a request of ``tokens``, as far as is known now."""
        ...

    def standing(self, deployment: Deployment) -> Standing:
        """What its last results come to."""
        ...

    def standings(self, pool: Iterable[Deployment]) -> list[Standing]:
        """The same for each of a pool: at one time, and cheaper than one by one."""
        ...

    def glance(self, deployment: Deployment) -> Glance:
        """The least of that."""
        ...

    def used(self, deployment: Deployment) -> tuple[int, int]:
        """Requests and tokens of the last minute."""
        ...

    def suspects(self, members: Members) -> Sequence[int]:
        """Where in the pool those are that may be unfit just now; nobody else needs to be asked."""
        ...

    # Of a whole pool, as a decision asks: under the lock that it holds

    def results_of(self, members: Members, names: tuple[str, ...]) -> tuple[Column, ...]:
        """These figures of their results (``Standing.figure``): the same tuple as long as nothing has changed."""
        ...

    def in_flight_of(self, members: Members) -> Column:
        """Requests that each is serving now, as far as they were sent from here."""
        ...

    def loads_of(self, members: Members) -> Column:
        """The same with those that others have at its provider, where that is watched."""
        ...

    def minutes_of(self, members: Members) -> tuple[Column, Column]:
        """Requests and tokens of the last minute."""
        ...

    def evidence_of(self, task: str, members: Members) -> Known | None:
        """What came of one kind of task; None if nothing is known of it."""
        ...

    def served(self, deployment: Deployment) -> bool:
        """True if it delivered within the time after which a model may have been unloaded."""
        ...

    def warm(self, deployment: Deployment) -> bool | None:
        """True if its model is known to be loaded, False if known not to be, None if nobody knows."""
        ...

    def home(self, session: str) -> str | None:
        """The id of the deployment that a session was served by last, if it is remembered."""
        ...

    def label(self, session: str) -> str | None:
        """What the semantic router last took a session to be about, if that is remembered."""
        ...
