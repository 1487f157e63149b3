"""Of whom something is remembered: a record for each deployment, a place for each provider; begun, renewed, forgotten.

A new configuration keeps what still speaks of the same server and model, and settles everybody by the new rules. Under
the board's lock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from pointsman.model.deployment import Deployment, Provider
from pointsman.model.view import Clock, Dice
from pointsman.state.adaptive import AdaptiveLimit
from pointsman.state.allowance import Allowance
from pointsman.state.breaker import Breaker
from pointsman.state.cooldown import Cooldown
from pointsman.state.health import Health
from pointsman.state.record import Place, Record
from pointsman.state.results import Results
from pointsman.state.rules import Rules
from pointsman.state.table import Table

MOST_UNLISTED = 2000
"""Deployments that the configuration does not list, but a rule made for a name: callers may choose names."""


class Memory:
    """``records`` by deployment id, their figures in ``table``, ``places`` by the provider's name, and ``health`` of
    both.
    """

    def __init__(self, clock: Clock, dice: Dice, rules: Rules, lock: AbstractContextManager[Any]) -> None:
        self.records: dict[str, Record] = {}
        self.places: dict[str, Place] = {}
        self.table = Table()
        self.health = Health(self.records, dice, rules)
        self._rules = rules
        self._clock = clock
        self._lock = lock
        self._listed: set[str] = set()

    def record(self, deployment: Deployment) -> Record:
        """The deployment's memory, begun when first asked for."""
        record = self.records.get(deployment.id)
        if record is None:
            with self._lock:
                record = self.records.get(deployment.id) or self._begin(deployment)
        return record

    def enlist(self, deployment: Deployment) -> Record:
        """Its memory, kept until it is forgotten, however many others there are."""
        with self._lock:
            self._listed.add(deployment.id)
            return self.record(deployment)

    def known(self, deployment: Deployment) -> tuple[Record | None, Place | None]:
        return self.records.get(deployment.id), self.places.get(deployment.provider.name)

    def go_by(self, known: Mapping[str, Deployment], rules: Rules) -> None:
        """Go by these deployments and rules from now on. What is remembered of others is dropped, unless they still
        serve somebody.
        """
        self._rules = rules
        self.health.settle(rules)
        self._listed = set(known)
        for provider in {d.provider.name: d.provider for d in known.values()}.values():
            self._settle(self._place(provider), provider)
        for name, record in list(self.records.items()):
            if name in known:
                self._renew(record, known[name])
            elif record.in_flight == 0:
                self._forget(name)
        used = {record.deployment.provider.name for record in self.records.values()}
        for name in self.places.keys() - used:
            del self.places[name]

    def settle(self, rules: Rules) -> None:
        """Go by these rules from now on, with the same deployments. Who rests goes on resting."""
        self._rules = rules
        self.health.settle(rules)
        for place in self.places.values():
            self._settle(place, place.provider)
        for record in self.records.values():
            self._renew(record, record.deployment)

    def forget(self, deployment: Deployment) -> None:
        """One, with the place that is its alone. What it has under way ends with nobody to remember it."""
        self._listed.discard(deployment.id)
        record = self.records.get(deployment.id)
        if record is None:
            return
        self._forget(deployment.id)
        if all(other.place is not record.place for other in self.records.values()):
            self.places.pop(deployment.provider.name, None)

    def _make_room(self) -> None:
        """Forget the older half of those that the configuration does not list and that serve nobody."""
        idle = [name for name, record in self.records.items() if name not in self._listed and not record.in_flight]
        for name in idle[: len(idle) // 2 + 1]:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self.table.forget(self.records.pop(name))
        self.health.forget(name)

    def _begin(self, deployment: Deployment) -> Record:
        if len(self.records) >= len(self._listed) + MOST_UNLISTED:
            self._make_room()
        rules = self._rules
        record = Record(
            deployment,
            Breaker(rules.breaker_of(deployment)),
            Cooldown(rules.cooldown_of(deployment)),
            Allowance(rules.allowed_of(deployment)),
            self._place(deployment.provider),
            Results(),
            deployment.limited,
            AdaptiveLimit() if deployment.adaptive else None,
        )
        self.table.begin(record)
        self.records[deployment.id] = record
        self.health.list_if_unwell(record, self._clock())
        return record

    def _renew(self, record: Record, deployment: Deployment) -> None:
        """What is remembered stays; what the configuration says is new. Its leases move along to a new provider."""
        rules, place = self._rules, self._place(deployment.provider)
        record.place.in_flight -= record.in_flight
        place.in_flight += record.in_flight
        record.place = place
        if _upstream(record.deployment) != _upstream(deployment):
            record.results.clear()
            self.table.mark(record)
            record.breaker.reset()
            record.cooldown.reset()
            record.served = -math.inf
        if record.keys is not None and record.deployment.provider.keys != deployment.provider.keys:
            record.keys.settle(deployment.provider.keys)
        record.deployment = deployment
        record.counted = deployment.limited
        if deployment.adaptive != (record.limit is not None):
            record.limit = AdaptiveLimit() if deployment.adaptive else None
        record.breaker.settle(rules.breaker_of(deployment))
        record.cooldown.settings = rules.cooldown_of(deployment)
        record.allowance.settle(rules.allowed_of(deployment))
        self.health.list_if_unwell(record, self._clock())

    def _place(self, provider: Provider) -> Place:
        rules = self._rules
        place = self.places.get(provider.name)
        if place is None:
            place = Place(provider, Breaker(rules.breaker_at(provider)), Cooldown(rules.cooldown))
            self.places[provider.name] = place
        return place

    def _settle(self, place: Place, provider: Provider) -> None:
        """What the configuration says is new. At another address, or with other keys, nothing is held against it; of
        keys that stay it is known what was.
        """
        if (place.provider.base_url, place.provider.secrets) != (provider.base_url, provider.secrets):
            place.breaker.reset()
            place.cooldown.reset()
        if place.provider.keys != provider.keys:
            place.keys.settle(provider.keys)
        place.provider = provider
        place.breaker.settle(self._rules.breaker_at(provider))
        place.cooldown.settings = self._rules.cooldown


def _upstream(deployment: Deployment) -> tuple[str, str, str | None]:
    """What its results speak of: the same words at another address, or for another model, are somebody else's."""
    return deployment.provider.kind, deployment.provider.base_url, deployment.model
