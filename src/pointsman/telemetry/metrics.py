"""Prometheus metrics: counted in plain integers as events come, rendered by prometheus-client when asked.

Label values come from the configuration, never from callers, so the number of series is bounded by it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pointsman.state.breaker import State
from pointsman.state.scoreboard import Scoreboard
from pointsman.telemetry.events import Finished

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds: an answer takes from milliseconds (embeddings) to minutes (long thoughts)."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """Counts by bucket, and their sum."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(BUCKETS, value)] += 1
        self.total += value

    @property
    def observed(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def buckets(self) -> list[tuple[str, float]]:
        edges = [*map(str, BUCKETS), "+Inf"]
        return list(zip(edges, map(float, accumulate(self.counts)), strict=True))


class Tally:
    """What was counted for one deployment."""

    __slots__ = ("completion_tokens", "failures", "first_token", "prompt_tokens", "provider", "seconds")

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.seconds = Histogram()
        self.first_token = Histogram()
        self.failures: dict[str, int] = {}


class Metrics:
    """Hears of finished requests and of refused ones; a prometheus-client collector."""

    def __init__(self, board: Scoreboard) -> None:
        self._board = board
        self._tallies: dict[str, Tally] = {}
        self._routes: defaultdict[str, int] = defaultdict(int)
        self._refused: dict[str, int] = {}
        self._fallbacks = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, events: Sequence[Finished], /) -> None:
        tallies, routes = self._tallies, self._routes
        for event in events:
            outcome, decision, attempts = event.outcome, event.decision, event.outcome.attempts
            tally = tallies.get(event.deployment) or self._tally(event.deployment, event.provider)
            seconds, usage = tally.seconds, outcome.usage
            seconds.counts[bisect_left(BUCKETS, outcome.seconds)] += 1
            seconds.total += outcome.seconds
            tally.prompt_tokens += usage.prompt_tokens
            tally.completion_tokens += usage.completion_tokens
            if outcome.first_token is not None:
                tally.first_token.observe(outcome.first_token)
            routes["none" if decision is None else decision.route] += 1
            if outcome.failure is not None or len(attempts) != 1 or attempts[0].tier:
                self._note_failures(event)

    def refused(self, code: str) -> None:
        """A request that was answered with an error before anybody was asked."""
        self._refused[code] = self._refused.get(code, 0) + 1

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield from self._counts()
        yield from self._histograms()
        yield from self._state()

    def _tally(self, deployment: str, provider: str) -> Tally:
        tally = self._tallies.get(deployment)
        if tally is None:
            tally = self._tallies[deployment] = Tally(provider)
        return tally

    def _provider(self, deployment: str) -> str:
        record = self._board.records().get(deployment)
        return record.deployment.provider.name if record is not None else ""

    def _note_failures(self, event: Finished) -> None:
        self._fallbacks += event.outcome.fallbacks > 0
        for attempt in event.outcome.attempts:
            if attempt.failure is not None:
                failures = self._tally(attempt.deployment, self._provider(attempt.deployment)).failures
                failures[attempt.failure.value] = failures.get(attempt.failure.value, 0) + 1

    def _counts(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "pointsman_requests", "Requests routed, by the deployment asked last", labels=("deployment", "provider")
        )
        tokens = CounterMetricFamily(
            "pointsman_tokens", "Tokens as upstreams counted them, else as estimated", labels=("deployment", "type")
        )
        failures = CounterMetricFamily(
            "pointsman_attempt_failures", "Attempts that did not deliver", labels=("deployment", "kind")
        )
        for deployment, tally in list(self._tallies.items()):
            requests.add_metric((deployment, tally.provider), tally.seconds.observed)
            tokens.add_metric((deployment, "prompt"), tally.prompt_tokens)
            tokens.add_metric((deployment, "completion"), tally.completion_tokens)
            for kind, count in list(tally.failures.items()):
                failures.add_metric((deployment, kind), count)
        yield from (requests, tokens, failures)
        yield _counter("pointsman_route", "Requests by the stage that settled them", "stage", self._routes)
        yield _counter("pointsman_refused", "Requests answered without asking anybody", "code", self._refused)
        fallbacks = CounterMetricFamily("pointsman_fallbacks", "Requests that went to a fallback group")
        fallbacks.add_metric((), self._fallbacks)
        yield fallbacks

    def _histograms(self) -> Iterator[Metric]:
        seconds = HistogramMetricFamily(
            "pointsman_request_seconds", "From accepted to answered", labels=("deployment",)
        )
        first = HistogramMetricFamily(
            "pointsman_first_token_seconds", "From accepted to a stream's first content", labels=("deployment",)
        )
        for deployment, tally in list(self._tallies.items()):
            seconds.add_metric((deployment,), tally.seconds.buckets(), tally.seconds.total)
            first.add_metric((deployment,), tally.first_token.buckets(), tally.first_token.total)
        yield from (seconds, first)

    def _state(self) -> Iterator[Metric]:
        flight = GaugeMetricFamily("pointsman_in_flight", "Requests under way", labels=("deployment",))
        fit = GaugeMetricFamily("pointsman_deployment_fit", "1: would be asked now; 0: rests", labels=("deployment",))
        is_open = GaugeMetricFamily(
            "pointsman_breaker_open", "1: the circuit breaker is open or half-open", labels=("deployment",)
        )
        with self._board.lock:
            for name, record in self._board.records().items():
                flight.add_metric((name,), record.in_flight)
                fit.add_metric((name,), float(self._board.fitness(record.deployment) is None))
                is_open.add_metric((name,), float(record.breaker.state is not State.CLOSED))
        yield from (flight, fit, is_open)


def _counter(name: str, told: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, told, labels=(label,))
    for value, count in list(counts.items()):
        family.add_metric((value,), count)
    return family
