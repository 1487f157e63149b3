"""Who comes first in a fallback group follows the weights, as in the group asked for."""

from __future__ import annotations

from collections import Counter
from random import Random

from pointsman.fakes import FakeClock, deployment, request, settings
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import Pipeline
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard


def test_fallback_groups_keep_their_weights():
    """Of 30,000 plans each member leads its share within three deviations, and one without a share comes last."""
    spare = [deployment("one", "s", weight=1), deployment("none", "s", weight=0), deployment("three", "s", weight=3)]
    made = settings(deployment("a"), *spare, fallbacks={"m": ("s",)})
    pipeline, board, dice = Pipeline(compile_topology(made)), Scoreboard(FakeClock(), Random(7)), Random(7)
    plans = [[leg.deployment.id for leg in legs(pipeline.decide(request(), board, dice))] for _ in range(30_000)]
    first = Counter(plan[1] for plan in plans)
    assert abs(first["three"] - 22_500) <= 3 * (30_000 * 0.75 * 0.25) ** 0.5
    assert {plan[-1] for plan in plans} == {"none"}
    assert first["none"] == 0
