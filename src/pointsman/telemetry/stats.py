"""The small count behind ``GET /stats``: requests accepted for routing, by public name or by what they were about."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pointsman.telemetry.tally import Tally


def stats_of(tally: Tally) -> dict[str, Any]:
    """``routes`` sums to ``total_requests``: a request is counted by its category or task where content decided, else
    by its public model name, else by the capability it asked for; the rest is ``other``.
    """
    routes: defaultdict[str, int] = defaultdict(int)
    providers: defaultdict[str, int] = defaultdict(int)
    for way, count in list(tally.ways.items()):
        routes[way.name] += count
        providers[way.provider] += count
    return {
        "total_requests": sum(routes.values()),
        "routes": dict(sorted(routes.items())),
        "providers": {name: count for name, count in sorted(providers.items()) if name},
        "failed_requests": tally.failed,
    }
