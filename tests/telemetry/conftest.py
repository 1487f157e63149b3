"""What listeners hear, made up: events of requests that went well, failed, were rescued, or were never served."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from msgspec import structs

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.decision import Decision, Step, Tier
from pointsman.model.outcome import Attempt, FailureKind, Outcome, Usage
from pointsman.state.scoreboard import Scoreboard
from pointsman.telemetry.events import Finished

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

PLACES = {"a": provider("pa"), "b": provider("pb")}
MEMBERS = {name: deployment(name, "m", at, model=None) for name, at in PLACES.items()}


def event(
    *kinds: FailureKind | None, model: str | None = "m", status: int = 200, tier: int = 0, number: int = 0, **more
) -> Finished:
    """A request whose attempts came to these kinds, asked of a, b, a, b …; without any it was never served.

    ``decision`` and ``finished`` are fields to have otherwise.
    """
    changed, finished = more.pop("decision", {}), more.pop("finished", {})
    tries = tuple(
        Attempt("ab"[n % 2], model or "m", kind, 0.5, 200 if kind is None else 500, "", tier)
        for n, kind in enumerate(kinds)
    )
    more.setdefault("usage", Usage(3, 4, 7) if kinds and kinds[-1] is None else Usage())
    last = MEMBERS[tries[-1].deployment] if tries else None
    pool = tuple(MEMBERS.values())
    steps = (Step("exact", 2, 2, f"exact match {model!r}"), Step("strategy", 2, 1, "simple-shuffle: a"))
    tiers = (Tier("m", model, pool),) * (tier + 1)
    made = Decision(model, "exact", "simple-shuffle", MEMBERS["a"], model or "m", pool, tiers, steps, tier)
    made = structs.replace(made, **changed)
    outcome = Outcome(kinds[-1] if kinds else None, status, tries, seconds=1.25, **more)
    told = Finished(
        f"{number:024x}",
        "chat",
        model,
        made if kinds else None,
        outcome,
        last.id if last else "",
        last.provider.name if last else "",
        1700000000.0,
        None if status < 400 else "no deployment delivered",
    )
    return structs.replace(told, **finished)


@pytest.fixture(scope="session")
def made() -> Callable[..., Finished]:
    return event


@pytest.fixture
def board() -> Scoreboard:
    """A scoreboard that knows both deployments."""
    found = Scoreboard(FakeClock(), LoadedDice([0.5]))
    for member in MEMBERS.values():
        found.record(member)
    return found
