"""The small count behind ``GET /stats``: requests accepted for routing, by public name or by what they were about."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pointsman.telemetry.tally import Tally


def stats_of(tally: Tally) -> dict[str, Any]:
    """``routes`` sums to ``total_requests``: a request is counted by its category or task where content decided, else
    by its public model name, else by the capability it asked for; the rest is ``other``. ``cost`` is
    dollars, of the requests of which they are known; ``estimated`` are those of them that go by a guess at the tokens.
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
        "cost": _cost(tally),
    }


def _cost(tally: Tally) -> dict[str, Any]:
    charged = {name: one for name, one in sorted(tally.served.items()) if one.dollars is not None}
    deployments = {name: (one.dollars or 0.0) + one.estimated_dollars for name, one in charged.items()}
    return {
        "dollars": sum(deployments.values()),
        "estimated": sum(one.estimated_dollars for one in charged.values()),
        "routes": dict(sorted(tally.route_dollars.items())),
        "deployments": deployments,
    }
