"""Decisions over a configuration, with a board that stands still; and what a decision said, in few words."""

from __future__ import annotations

from typing import Any

from pointsman.config.settings import Settings
from pointsman.fakes import FakeClock, LoadedDice, deployment, request
from pointsman.model.condition import Compare, Condition, Fact, Node
from pointsman.model.decision import Decision
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.outcome import FailureKind
from pointsman.model.request import NO_HINTS, Hints, Request
from pointsman.model.rest import BreakerSettings
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import Pipeline, Sight
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

HINTS = set(Hints.__struct_fields__)


def board() -> Scoreboard:
    """One failure opens a breaker."""
    return Scoreboard(FakeClock(), LoadedDice([0.5]), Rules(BreakerSettings(threshold=1)))


def down(view: Scoreboard, *members: Deployment, kind: FailureKind = FailureKind.SERVER_ERROR) -> Scoreboard:
    """The board after each of them has failed once."""
    for member in members:
        lease = view.take(member)
        view.failed(lease, kind)
        view.give_back(lease)
    return view


def asking(name: str | None = "m", **more: Any) -> Request:
    """A request; what is a hint becomes one, ``agent`` and other headers go to ``headers``."""
    hints = {key: more.pop(key) for key in list(more) if key in HINTS}
    headers = more.pop("headers", {})
    if "agent" in more:
        headers = {**headers, b"user-agent": more.pop("agent").encode()}
    return request(name, hints=Hints(**hints) if hints else NO_HINTS, headers=headers, **more)


def decide(
    made: Settings,
    name: str | None = "m",
    view: Scoreboard | None = None,
    *,
    draws: tuple[float, ...] = (0.0,),
    sights: list[Sight] | None = None,
    **more: Any,
) -> Decision:
    pipeline = Pipeline(compile_topology(made))
    return pipeline.decide(asking(name, **more), view or board(), LoadedDice(draws), sights)


def pool(decision: Decision) -> list[str]:
    return [d.id for d in decision.pool]


def plan(decision: Decision) -> list[tuple[str, str, int]]:
    return [(leg.deployment.id, leg.model, leg.tier) for leg in legs(decision)]


def said(decision: Decision, stage: str) -> str:
    """The stage's sentences."""
    return " | ".join(step.reason for step in decision.steps if step.stage == stage)


def open_at(place: Provider) -> Deployment:
    """The open deployment that every provider of the ``providers`` section has."""
    return deployment(place.name, "*", place, model=None)


def when(text: str, node: Node | None = None) -> Condition:
    """A condition; without a tree its text is a fact, or a fact, ``==`` and a word."""
    if node is None:
        fact, _, word = text.partition(" == ")
        node = Compare(Fact(fact), "==", word.strip('"')) if word else Fact(fact)
    return Condition(text, node)
