"""Time, chance and configurations for tests. Shipped, because whoever extends Pointsman needs them too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pointsman.config.settings import Settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.members import Column, Members
from pointsman.model.request import Request
from pointsman.model.view import UNSEEN, Glance, Known, Standing, Turns, trust_in


class FakeClock:
    """A clock that stands still until told to move. Seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class LoadedDice:
    """Dice that show a table of draws, over and over."""

    def __init__(self, draws: Iterable[float] = (0.0,)) -> None:
        self._draws = list(draws)
        self._at = 0

    def random(self) -> float:
        draw = self._draws[self._at % len(self._draws)]
        self._at += 1
        return draw


class FakeView(msgspec.Struct):
    """A present that stands still: a ``model.view.View`` that shows what it is given, by a deployment's id.

    ``loads`` are requests in flight and ``others`` those of other callers, ``minutes`` requests and tokens of the last
    minute, ``waits`` seconds, ``full`` and ``resting`` the reasons why not, ``homes`` deployments and ``labels``
    subjects by session, ``tasks`` what went well and what did not by kind, ``lately`` who has delivered of late. Who is
    not listed is idle, unseen and fit.
    """

    known: dict[str, Standing] = {}
    loads: dict[str, int] = {}
    others: dict[str, int] = {}
    minutes: dict[str, tuple[int, int]] = {}
    reduced: dict[str, float] = {}
    resting: dict[str, str] = {}
    full: dict[str, str] = {}
    waits: dict[str, float] = {}
    loaded: dict[str, bool] = {}
    lately: set[str] = set()
    homes: dict[str, str] = {}
    tasks: dict[str, dict[str, tuple[float, float]]] = {}
    labels: dict[str, str] = {}
    memory: dict[str, Turns] = {}
    utilizations: dict[str, float] = {}

    def standing(self, deployment: Deployment) -> Standing:
        return self.known.get(deployment.id, UNSEEN)

    def standings(self, pool: Iterable[Deployment]) -> list[Standing]:
        return [self.standing(deployment) for deployment in pool]

    def glance(self, deployment: Deployment) -> Glance:
        found = self.standing(deployment)
        return Glance(found.samples, trust_in(found.success_rate, found.samples), found.peak)

    def results_of(self, members: Members, names: tuple[str, ...]) -> tuple[Column, ...]:
        found = self.standings(members.pool)
        return tuple(members.column(standing.figure(name) for standing in found) for name in names)

    def evidence_of(self, task: str, members: Members) -> Known | None:
        found = self.tasks.get(task)
        if found is None:
            return None
        good, bad = zip(*[found.get(d.id, (0.0, 0.0)) for d in members.pool], strict=True)
        return Known(members.column(good), members.column(bad), 1.0, 5)

    def in_flight_of(self, members: Members) -> Column:
        return members.column(map(self.in_flight, members.pool))

    def loads_of(self, members: Members) -> Column:
        return members.column(map(self.load, members.pool))

    def minutes_of(self, members: Members) -> tuple[Column, Column]:
        used = [self.used(deployment) for deployment in members.pool]
        return members.column(requests for requests, _ in used), members.column(tokens for _, tokens in used)

    def in_flight(self, deployment: Deployment) -> int:
        return self.loads.get(deployment.id, 0)

    def load(self, deployment: Deployment) -> int:
        return self.in_flight(deployment) + self.others.get(deployment.id, 0)

    def used(self, deployment: Deployment) -> tuple[int, int]:
        return self.minutes.get(deployment.id, (0, 0))

    def fitness(self, deployment: Deployment) -> str | None:
        return self.resting.get(deployment.id)

    def suspects(self, members: Members) -> Sequence[int]:
        return [place for name, place in members.places.items() if name in self.resting]

    def told_to_rest(self, deployment: Deployment) -> bool:
        return deployment.id in self.resting

    def at_limit(self, deployment: Deployment) -> bool:
        return "rate_limited" in self.resting.get(deployment.id, "")

    def in_need(self, everybody: Iterable[Deployment], able: Sequence[Deployment]) -> Deployment | None:  # noqa: ARG002
        return next((d for d in able if not self.told_to_rest(d)), None)

    def room(self, deployment: Deployment, tokens: int) -> str | None:  # noqa: ARG002  its word is final
        return self.full.get(deployment.id)

    def wait(self, deployment: Deployment, tokens: int = 0) -> float:  # noqa: ARG002  its word is final
        return self.waits.get(deployment.id, 0.0)

    def served(self, deployment: Deployment) -> bool:
        return deployment.id in self.lately

    def warm(self, deployment: Deployment) -> bool | None:
        return True if self.served(deployment) else self.loaded.get(deployment.id)

    def home(self, session: str) -> str | None:
        return self.homes.get(session)

    def label(self, session: str) -> str | None:
        return self.labels.get(session)

    def turns(self, group: str) -> Turns:
        return self.memory.setdefault(group, Turns())


def provider(name: str = "up", kind: str = "openai", base_url: str = "http://127.0.0.1:1/v1", **more: Any) -> Provider:
    """A provider with everything that does not matter filled in."""
    return Provider(name, kind, base_url, **more)


def deployment(id: str, model_name: str = "m", at: Provider | None = None, **more: Any) -> Deployment:  # noqa: A002
    """A deployment of ``model_name`` whose upstream model has the same name unless ``model`` is given."""
    more.setdefault("model", model_name)
    return Deployment(id=id, model_name=model_name, provider=at or provider(), **more)


def settings(*deployments: Deployment, **more: Any) -> Settings:
    """A configuration of these deployments."""
    places = {d.provider.name: d.provider for d in deployments}
    more.setdefault("providers", places)
    return Settings(deployments=deployments, **more)


def request(model: str | None = "m", **more: Any) -> Request:
    """A chat request without a body."""
    more.setdefault("endpoint", "chat")
    more.setdefault("body", {})
    return Request(model=model, **more)
