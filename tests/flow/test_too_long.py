"""Requests that were known to be too long for their group before anybody was asked."""

from __future__ import annotations

from pointsman.flow.effects import Failed
from pointsman.model.outcome import FailureKind


def test_a_request_that_began_at_larger_models_stays_with_them(kit):
    """Whoever fails there, the next one for long requests is asked, never the group that can't take it, nor its usual
    fallbacks.
    """
    members = kit.place("a", context=1000), kit.place("f1", "f"), kit.place("l1", "long"), kit.place("l2", "longer")
    house = kit.House(
        kit.World({"l1": [Failed(FailureKind.RESET, "gone")]}),
        *members,
        fallbacks={"m": ("f",)},
        context_fallbacks={"m": ("long", "longer")},
        router={"num_retries": 0},
    )
    trip = house.serve(tokens=4000)
    assert (house.world.asked, trip.error) == (["l1", "l2"], None)
