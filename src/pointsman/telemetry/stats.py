"""The small count behind ``GET /stats``: requests accepted for routing, by public model name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from pointsman.telemetry.events import Finished


class Stats:
    """``routes`` sums to ``total_requests``. Names that callers make up count under the stage that took them."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)
        self._routes: defaultdict[str, int] = defaultdict(int)
        self._providers: defaultdict[str, int] = defaultdict(int)
        self._failed = 0

    def count(self, events: Sequence[Finished], /) -> None:
        names, routes, providers = self.names, self._routes, self._providers
        for event in events:
            name, outcome = event.model, event.outcome
            if name is None or name not in names:
                name = event.decision.route if event.decision is not None else "none"
            routes[name] += 1
            providers[event.provider] += 1
            if outcome.failure is not None or outcome.status >= 400:
                self._failed += 1

    def data(self) -> dict[str, Any]:
        return {
            "total_requests": sum(self._routes.values()),
            "routes": dict(sorted(self._routes.items())),
            "providers": {name: count for name, count in sorted(self._providers.items()) if name},
            "failed_requests": self._failed,
        }
