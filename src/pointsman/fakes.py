"""Time, chance and configurations for tests. Shipped, because whoever extends Pointsman needs them too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pointsman.config.settings import Settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.request import Request


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
