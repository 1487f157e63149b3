"""The routing metrics of the routing configuration document: rates over the last five minutes, from 0 to 1.

What each is made of is counted since the start, too: ``pointsman_route_total``, ``pointsman_fallbacks_total``,
``pointsman_requests_total``, ``pointsman_cache_total``, ``pointsman_routing_decision_seconds``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric

from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.routing.shares import shares_of
from pointsman.telemetry.tally import Tally, Way

FEW = 10
"""Requests a member: of groups with fewer nothing is said, for chance alone would look uneven."""


def routing_rates(
    tally: Tally, deployments: Iterable[Deployment], now: float, shared: Iterable[Pool] = ()
) -> Iterator[Metric]:
    """Seven gauges. A rate of nothing is 0, and a load that nobody has is balanced. ``shared`` as for ``balance``."""
    ways, figures = tally.recent.sums(now), tally.recent_figures.sums(now)
    total = sum(ways.values())
    routes, caches = _by(ways, "route"), _by(ways, "cache")
    looked_up = caches.get("hit", 0) + caches.get("miss", 0)
    rates = {
        "exact_match_rate": ("Requests settled by their exact name", _rate(routes.get("exact", 0), total)),
        "pattern_match_rate": ("Requests settled by a pattern", _rate(routes.get("pattern", 0), total)),
        "fallback_trigger_rate": ("Requests that went to a fallback", _rate(figures.get("fallbacks", 0), total)),
        "cache_hit_rate": ("Lookups that the cache answered", _rate(caches.get("hit", 0), looked_up)),
        "load_balance_effectiveness": (
            "1: loads are as weights ask for",
            balance(deployments, _by(ways, "deployment"), shared),
        ),
        "routing_decision_time_ms": (
            "Mean milliseconds from accepted to decided",
            _rate(figures.get("deciding", 0), figures.get("decisions", 0)) * 1000.0,
        ),
    }
    for name, (told, value) in rates.items():
        gauge = GaugeMetricFamily(f"pointsman_{name}", f"{told}, of the last five minutes")
        gauge.add_metric((), value)
        yield gauge
    yield _distribution(_by(ways, "provider"), deployments)


def balance(deployments: Iterable[Deployment], counts: Mapping[str, float], shared: Iterable[Pool] = ()) -> float:
    """How near loads are to the intended shares, 0 to 1: the mean over groups, each by its requests, of one less the
    part of requests that went to others than intended, over the most that could have. Groups are deployments of one
    name, one order and the same tags, and before that the pools in ``shared``, whose members have shares of their own
    there. Shares are by weight, else rpm, else tpm, else equal.
    """
    told = [(sum(loads), _evenness(pool, loads)) for pool, loads in _loads(deployments, counts, tuple(shared))]
    total = sum(number for number, _ in told)
    return sum(number * even for number, even in told) / total if total else 1.0


def _loads(
    deployments: Iterable[Deployment], counts: Mapping[str, float], shared: tuple[Pool, ...]
) -> Iterator[tuple[Pool, list[float]]]:
    """The groups of which something can be said, with the requests of each member."""
    members = {one.id for pool in shared for one in pool}
    for pool in (*shared, *_alike(one for one in deployments if one.id not in members)):
        loads = [counts.get(one.id, 0.0) for one in pool]
        if len(pool) > 1 and sum(loads) >= FEW * len(pool):
            yield pool, loads


def _alike(deployments: Iterable[Deployment]) -> Iterator[Pool]:
    """Those that serve the same requests."""
    found: defaultdict[tuple[object, ...], list[Deployment]] = defaultdict(list)
    for one in deployments:
        if one.model is not None:
            found[one.model_name, one.order, frozenset(one.tags)].append(one)
    return map(tuple, found.values())


def _evenness(pool: Pool, loads: list[float]) -> float:
    _, figures = shares_of(pool)
    shares = [figure / sum(figures) for figure in figures]
    total = sum(loads)
    astray = sum(abs(load / total - share) for load, share in zip(loads, shares, strict=True)) / 2.0
    return 1.0 - astray / (1.0 - min(shares))


def _distribution(providers: Mapping[str, float], deployments: Iterable[Deployment]) -> Metric:
    told = "Share of the requests of the last five minutes, by the provider asked last"
    gauge = GaugeMetricFamily("pointsman_provider_distribution", told, labels=("provider",))
    names = {one.provider.name for one in deployments} | providers.keys() - {""}
    total = sum(count for name, count in providers.items() if name)
    for name in sorted(names):
        gauge.add_metric((name,), _rate(providers.get(name, 0), total))
    return gauge


def _by(ways: Mapping[Way, float], what: str) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    for way, count in ways.items():
        found[getattr(way, what)] += count
    return found


def _rate(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
