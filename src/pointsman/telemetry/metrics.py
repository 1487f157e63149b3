"""Prometheus metrics: what was counted and what is now, rendered by prometheus-client when asked.

Label values come from the configuration, never from callers, so the number of series is bounded by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import time

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.state.breaker import State
from pointsman.state.scoreboard import Record, Scoreboard
from pointsman.telemetry.routing_rates import routing_rates
from pointsman.telemetry.tally import Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """A prometheus-client collector. ``shared`` are pools whose members have shares of their own there; ``now`` is Unix
    seconds, as events have them.
    """

    def __init__(
        self,
        board: Scoreboard,
        tally: Tally,
        shared: Callable[[], Iterable[Pool]] = tuple,
        now: Callable[[], float] = time,
    ) -> None:
        self._board = board
        self._tally = tally
        self._shared = shared
        self._now = now
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        yield from self._counts()
        yield from self._routes()
        yield from self._histograms()
        yield from self._state()
        yield from self._pressure()
        yield from self._keys()
        yield from routing_rates(self._tally, self._deployments(), self._now(), self._shared())

    def _deployments(self) -> list[Deployment]:
        with self._board.lock:
            return [record.deployment for record in self._board.records().values()]

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
        billed = CounterMetricFamily(
            "pointsman_possibly_billed", "Attempts that failed but may be billed all the same", labels=("deployment",)
        )
        for deployment, served in list(self._tally.served.items()):
            requests.add_metric((deployment, served.provider), served.seconds.observed)
            tokens.add_metric((deployment, "prompt"), served.prompt_tokens)
            tokens.add_metric((deployment, "completion"), served.completion_tokens)
            for kind, count in list(served.failures.items()):
                failures.add_metric((deployment, kind), count)
            billed.add_metric((deployment,), served.possibly_billed)
        yield from (requests, tokens, failures, billed, self._costs())

    def _costs(self) -> Metric:
        """Of deployments whose prices are known; the others have no series."""
        costs = CounterMetricFamily(
            "pointsman_cost_dollars",
            "Dollars that answers cost, by tokens as upstreams counted them or as estimated",
            labels=("deployment", "provider", "tokens"),
        )
        for deployment, served in list(self._tally.served.items()):
            if served.dollars is not None:
                costs.add_metric((deployment, served.provider, "counted"), served.dollars)
                costs.add_metric((deployment, served.provider, "estimated"), served.estimated_dollars)
        return costs

    def _routes(self) -> Iterator[Metric]:
        routes: defaultdict[str, int] = defaultdict(int)
        caches: defaultdict[str, int] = defaultdict(int)
        for way, count in list(self._tally.ways.items()):
            routes[way.route] += count
            caches[way.cache] += count
        yield _counter("pointsman_route", "Requests by the stage that settled them", "stage", routes)
        yield _counter("pointsman_cache", "Requests by what the cache had for them", "result", caches)
        refusals = self._tally.refusals
        yield _counter("pointsman_refused", "Requests answered without asking anybody", "code", refusals)
        told = "Reloads of the configuration, by what came of them"
        yield _counter("pointsman_config_reloads", told, "result", self._tally.reloads)
        told = "Streams that broke off and that somebody was asked to go on with, by what came of it"
        yield _counter("pointsman_streams_resumed", told, "result", self._tally.resumed)
        fallbacks = CounterMetricFamily("pointsman_fallbacks", "Requests that went to a fallback group")
        fallbacks.add_metric((), self._tally.fallbacks)
        yield fallbacks

    def _histograms(self) -> Iterator[Metric]:
        seconds = HistogramMetricFamily(
            "pointsman_request_seconds", "From accepted to answered", labels=("deployment",)
        )
        first = HistogramMetricFamily(
            "pointsman_first_token_seconds", "From accepted to a stream's first content", labels=("deployment",)
        )
        for deployment, served in list(self._tally.served.items()):
            seconds.add_metric((deployment,), served.seconds.buckets(), served.seconds.total)
            first.add_metric((deployment,), served.first_token.buckets(), served.first_token.total)
        decided = HistogramMetricFamily("pointsman_routing_decision_seconds", "From accepted to decided")
        decided.add_metric((), self._tally.decided.buckets(), self._tally.decided.total)
        yield from (seconds, first, decided)

    def _state(self) -> Iterator[Metric]:
        flight = GaugeMetricFamily("pointsman_in_flight", "Requests under way", labels=("deployment",))
        fit = GaugeMetricFamily("pointsman_deployment_fit", "1: would be asked now; 0: rests", labels=("deployment",))
        is_open = GaugeMetricFamily(
            "pointsman_breaker_open", "1: the circuit breaker is open or half-open", labels=("deployment",)
        )
        told = "Frames of streams that made no sense and were left out"
        malformed = CounterMetricFamily("pointsman_malformed_frames", told, labels=("deployment",))
        state = GaugeMetricFamily(
            "pointsman_deployment_state",
            "0: has its whole share; 1: has a part of it, or is on trial; 2: rests",
            labels=("deployment",),
        )
        with self._board.lock:
            for name, record in self._board.records().items():
                malformed.add_metric((name,), record.malformed)
                flight.add_metric((name,), record.in_flight)
                fit.add_metric((name,), float(self._board.fitness(record.deployment) is None))
                is_open.add_metric((name,), float(record.breaker.state is not State.CLOSED))
                state.add_metric((name,), self._state_of(record))
        yield from (malformed, flight, fit, is_open, state)

    def _state_of(self, record: Record) -> float:
        """0, 1 or 2, the worse the higher."""
        if self._board.fitness(record.deployment) is not None:
            return 2.0
        on_trial = {record.breaker.state, record.place.breaker.state} != {State.CLOSED}
        return float(on_trial or record.deployment.id in self._board.reduced)

    def _keys(self) -> Iterator[Metric]:
        """Of providers that have several keys, by the names of these."""
        at = ("provider", "key")
        sent = CounterMetricFamily("pointsman_key_requests", "Requests sent with one of several keys", labels=at)
        failures = CounterMetricFamily(
            "pointsman_key_failures", "Failures that were held against one of several keys", labels=(*at, "kind")
        )
        resting = GaugeMetricFamily(
            "pointsman_key_resting", "1: the key is not used now, wherever it was; 0: it is", labels=at
        )
        with self._board.lock:
            for key in self._board.keys.counts():
                sent.add_metric((key.provider, key.key), key.sent)
                resting.add_metric((key.provider, key.key), float(key.rests))
                for kind, count in key.failures.items():
                    failures.add_metric((key.provider, key.key, kind), count)
        yield from (sent, failures, resting)

    def _pressure(self) -> Iterator[Metric]:
        """Who waits for room, and what is on another try or sent twice now."""
        limit = GaugeMetricFamily(
            "pointsman_concurrency_limit", "Requests at a time that it was found to bear", labels=("deployment",)
        )
        with self._board.lock:
            queue, retries, hedges = self._board.queue, self._board.budget.under_way, self._board.hedges.under_way
            for name, record in self._board.records().items():
                if record.limit is not None:
                    limit.add_metric((name,), int(record.limit.limit))
        became = {"served": queue.served, "expired": queue.expired, "refused": queue.refused}
        yield limit
        yield GaugeMetricFamily("pointsman_queue_length", "Requests that wait for room", value=len(queue))
        yield _counter("pointsman_queue", "Requests that found no room, by what became of them", "result", became)
        told = "Retries under way that draw on the budget"
        yield GaugeMetricFamily("pointsman_retries_under_way", told, value=retries)
        yield GaugeMetricFamily("pointsman_hedges_under_way", "Second copies under way", value=hedges)


def _counter(name: str, told: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, told, labels=(label,))
    for value, count in list(counts.items()):
        family.add_metric((value,), count)
    return family
