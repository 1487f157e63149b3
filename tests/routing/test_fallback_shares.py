"""Who is asked first in a fallback group is the strategy's pick, as in the group asked for."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from pointsman.config.settings import RouterSettings, Strategies
from pointsman.errors import UpstreamFailed
from pointsman.fakes import FakeClock, deployment, request, settings
from pointsman.flow.attempt import serve
from pointsman.flow.drive import run
from pointsman.flow.effects import Failed
from pointsman.flow.trip import Core, Trip
from pointsman.model.outcome import FailureKind
from pointsman.model.rest import BreakerSettings
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Rules, Scoreboard

SPARE = [deployment("one", "s", weight=1), deployment("none", "s", weight=0), deployment("three", "s", weight=3)]
NEVER_OPEN = Rules(BreakerSettings(threshold=0, rate=0.0))


def seconds(strategy: str, count: int) -> Counter[str]:
    """Whom a request was sent to when its only deployment had failed it, over many requests."""
    made = settings(
        deployment("a"),
        *SPARE,
        fallbacks={"m": ("s",)},
        router=RouterSettings(num_retries=0),
        strategies=Strategies(strategy),
    )
    core = Core(Pipeline(compile_topology(made)), Scoreboard(FakeClock(), Random(7), NEVER_OPEN), Random(7))
    refused = Failed(FailureKind.REFUSED, "nobody there")
    trips = [run(serve(Trip(request(), core)), lambda _: refused) for _ in range(count)]
    assert all(isinstance(trip.error, UpstreamFailed) for trip in trips)
    return Counter(trip.attempts[1].deployment for trip in trips)


def test_fallback_groups_keep_their_weights():
    """Of 10,000 requests each member gets its share within three deviations, and one without a share gets none."""
    second = seconds("simple-shuffle", 10_000)
    assert abs(second["three"] - 7_500) <= 3 * (10_000 * 0.75 * 0.25) ** 0.5
    assert second["none"] == 0


@pytest.mark.parametrize("count", [4, 40, 400])
def test_fallback_groups_take_turns(count):
    """Round robin gives each member its share of turns there too."""
    assert seconds("round_robin", count) == {"three": count * 3 // 4, "one": count // 4}
