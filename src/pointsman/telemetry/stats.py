"""The small count behind ``GET /stats``: requests accepted for routing, by public model name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pointsman.telemetry.events import Finished


class Stats:
    """``routes`` sums to ``total_requests``. Names that callers make up count under the stage that took them."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)
        self._routes: dict[str, int] = {}
        self._providers: dict[str, int] = {}
        self._failed = 0

    def __call__(self, event: Finished) -> None:
        name = event.model
        if name is None or name not in self.names:
            name = event.decision.route if event.decision is not None else "none"
        self._routes[name] = self._routes.get(name, 0) + 1
        if event.provider:
            self._providers[event.provider] = self._providers.get(event.provider, 0) + 1
        self._failed += event.outcome.failure is not None or event.outcome.status >= 400

    def data(self) -> dict[str, Any]:
        return {
            "total_requests": sum(self._routes.values()),
            "routes": dict(sorted(self._routes.items())),
            "providers": dict(sorted(self._providers.items())),
            "failed_requests": self._failed,
        }
