"""What is counted of finished requests, in plain numbers: since the start, and in the last five minutes.

Requests of a batch that are alike are counted together, so most of this costs a single request next to nothing. Names
that callers make up are counted as OTHER, so that what is kept is bounded by the configuration.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from functools import partial
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple

from pointsman.routing.topology import Topology
from pointsman.telemetry.events import Finished
from pointsman.telemetry.recent import Recent, slot_of

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Edges of buckets: an answer takes from milliseconds (embeddings) to minutes (long thoughts)."""

INSTANTS = (1e-05, 2.5e-05, 5e-05, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0)
"""Likewise for decisions: from microseconds (a name) to what an encoder elsewhere may take."""

CONTENT = frozenset({"task", "semantic"})
"""Stages that read a request's content: requests are then counted by what it was found to be about."""

RESUMED = ("completed", "differed", "failed")
"""What may come of going on with a stream that broke off."""

RELOADS = ("swapped", "unchanged", "refused")
"""What may come of a reload of the configuration."""

CAPABILITY = "capability"
"""The stage that goes by a capability, which has a name where the model that serves it has none of its own."""

NOBODY = "none"
"""The route of a request that nobody could be asked for."""

OTHER = "other"
"""The name of requests for a model that the configuration does not name."""


class Way(NamedTuple):
    """What requests that are counted together have in common; ``name`` is the configuration's, or OTHER."""

    name: str
    route: str
    deployment: str
    provider: str
    cache: str


class Histogram:
    """Counts by bucket, and the sum of what was observed."""

    __slots__ = ("counts", "edges", "total")

    def __init__(self, edges: tuple[float, ...] = SECONDS) -> None:
        self.edges = edges
        self.counts = [0] * (len(edges) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.edges, value)] += 1
        self.total += value

    @property
    def observed(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[str, float]]:
        edges = [*map(str, self.edges), "+Inf"]
        return list(zip(edges, map(float, accumulate(self.counts)), strict=True))


class Served:
    """What was counted for one deployment. ``dollars`` are those that it charged, as far as they are known (None: of no
    request), by its own counts of tokens; ``estimated_dollars`` by estimates of ours.
    """

    __slots__ = (
        "completion_tokens",
        "dollars",
        "estimated_dollars",
        "failures",
        "first_token",
        "possibly_billed",
        "prompt_tokens",
        "provider",
        "seconds",
    )

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.seconds = Histogram()
        self.first_token = Histogram()
        self.failures: dict[str, int] = {}
        self.possibly_billed = 0
        self.dollars: float | None = None
        self.estimated_dollars = 0.0

    def charge(self, dollars: float, *, estimated: bool) -> None:
        """Add what an attempt cost."""
        self.dollars = (self.dollars or 0.0) + (0.0 if estimated else dollars)
        self.estimated_dollars += dollars if estimated else 0.0


_instant = partial(bisect_left, INSTANTS)
_took = attrgetter("decided")
_alike = attrgetter(
    "model",
    "decision.choice.model_name",
    "decision.upstream_model",
    "hints.capability",
    "decision.route",
    "decision.task",
    "deployment",
    "provider",
    "cache",
)


def names_of(topology: Topology) -> frozenset[str]:
    """Every model that the configuration names, whether it is listed, a rule's, or known by a pattern alone. An alias
    that is hidden is none: its requests are counted by what it stands for.
    """
    named = {*topology.public_names, *topology.default_fallbacks, *topology.aliases.values()}
    named.update(name for names in topology.fallbacks.values() for name in names)
    named.update(name for wanted in topology.capabilities.values() for name in wanted.models)
    named.update(name for place in topology.providers.values() for name in (*place.models, place.default_model or ""))
    named.update(member.model or "" for chain in topology.chains.values() for member in chain.members)
    return frozenset(named - {""})


class Tally:
    """Implements ``Counter``. ``names`` are the configuration's: requests for them are counted by name."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)
        self.ways: defaultdict[Way, int] = defaultdict(int)
        self.recent: Recent[Way] = Recent()
        self.served: dict[str, Served] = {}
        self.refusals: defaultdict[str, int] = defaultdict(int)
        self.reloads: defaultdict[str, int] = defaultdict(int, dict.fromkeys(RELOADS, 0))
        self.failed = 0
        self.fallbacks = 0
        self.resumed: defaultdict[str, int] = defaultdict(int, dict.fromkeys(RESUMED, 0))
        self.route_dollars: defaultdict[str, float] = defaultdict(float)
        self.decided = Histogram(INSTANTS)
        self.recent_figures: Recent[str] = Recent()

    def count(self, events: Sequence[Finished], /) -> None:
        if events and slot_of(_ended(events[0])) != slot_of(_ended(events[-1])):
            for event in events:  # few requests, far between
                self._count((event,))
        elif events:
            self._count(events)

    def refused(self, code: str) -> None:
        """A request that was answered with an error before anybody was asked."""
        self.refusals[code] += 1

    def _count(self, events: Sequence[Finished]) -> None:
        now = _ended(events[-1])
        recent = self.recent.at(now)
        kinds, took = _looked_at(events)
        for alike, number in kinds.items():
            way = self._way(alike)
            self.ways[way] += number
            recent[way] += number
        self._count_decisions(took, now)
        served = self.served
        for event in events:
            outcome, attempts = event.outcome, event.outcome.attempts
            one = served.get(event.deployment) or self._begun(event.deployment, event.provider)
            seconds, usage = one.seconds, outcome.usage
            seconds.counts[bisect_left(SECONDS, outcome.seconds)] += 1
            seconds.total += outcome.seconds
            one.prompt_tokens += usage.prompt_tokens
            one.completion_tokens += usage.completion_tokens
            if outcome.first_token is not None:
                one.first_token.observe(outcome.first_token)
            if outcome.failure is not None or len(attempts) != 1 or attempts[0].tier or attempts[0].cost is not None:
                self._note_more(event, now)

    def _way(self, alike: tuple[Any, ...]) -> Way:
        """By what the content was found to be about, else by the first of these names that the configuration has: the
        one asked for, the choice's own, the one that an open deployment was called by.
        """
        *names, capability, route, task, deployment, provider, cache = alike
        name = task if route in CONTENT else next((name for name in names if name in self.names), None)
        if name is None and route == CAPABILITY:
            name = capability
        return Way(name or OTHER, route, deployment, provider, cache)

    def _count_decisions(self, took: list[float], now: float) -> None:
        if not took:
            return
        for bucket, number in Counter(map(_instant, took)).items():
            self.decided.counts[bucket] += number
        total = sum(took)
        self.decided.total += total
        recent = self.recent_figures.at(now)
        recent["deciding"] += total
        recent["decisions"] += len(took)

    def _begun(self, deployment: str, provider: str) -> Served:
        one = self.served.get(deployment)
        if one is None:
            one = self.served[deployment] = Served(provider)
        return one

    def _note_more(self, event: Finished, now: float) -> None:
        """What few requests have."""
        self._note_failures(event, now)
        if event.outcome.cost is not None:
            self._note_cost(event)

    def _note_cost(self, event: Finished) -> None:
        """By who charged it, and by what the request is counted as. Only the last attempt's tokens may be guessed."""
        attempts = event.outcome.attempts
        name, last = self._way(_alike(event)).name, attempts[-1]
        for attempt in attempts:
            if attempt.cost is not None:
                served = self.served.get(attempt.deployment)
                served = served or self._begun(attempt.deployment, _place(event, attempt.deployment))
                served.charge(attempt.cost, estimated=attempt is last and event.outcome.usage.estimated)
                self.route_dollars[name] += attempt.cost

    def _note_failures(self, event: Finished, now: float) -> None:
        outcome = event.outcome
        self.failed += outcome.failure is not None or outcome.status >= 400
        if outcome.fallbacks:
            self.fallbacks += 1
            self.recent_figures.at(now)["fallbacks"] += 1
        if outcome.resumed is not None:
            self.resumed[outcome.resumed] += 1
        for attempt in outcome.attempts:
            if attempt.failure is not None:
                served = self._begun(attempt.deployment, _place(event, attempt.deployment))
                served.failures[attempt.failure.value] = served.failures.get(attempt.failure.value, 0) + 1
                served.possibly_billed += attempt.sent


def _looked_at(events: Sequence[Finished]) -> tuple[Counter[tuple[Any, ...]], list[float]]:
    """How many there are of each kind, and how long their decisions took."""
    try:
        return Counter(map(_alike, events)), list(map(_took, events))
    except AttributeError:  # one of them has no decision
        decided = [event for event in events if event.decision is not None]
        kinds = Counter(map(_alike, decided))
        kinds.update(_unserved(event) for event in events if event.decision is None)
        return kinds, list(map(_took, decided))


def _unserved(event: Finished) -> tuple[Any, ...]:
    return event.model, None, None, None, NOBODY, None, event.deployment, event.provider, event.cache


def _place(event: Finished, deployment: str) -> str:
    """The provider of one of those who were asked."""
    tiers = event.decision.tiers if event.decision is not None else ()
    return next((d.provider.name for tier in tiers for d in tier.pool if d.id == deployment), "")


def _ended(event: Finished) -> float:
    return event.at + event.outcome.seconds
