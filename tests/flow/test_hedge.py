"""A late answer and the second copy: who wins, what is told of the other, and how many copies there may be."""

from __future__ import annotations

import pytest

from pointsman.config.settings import HedgeSettings
from pointsman.flow.hedge import FEWEST
from pointsman.model.outcome import FailureKind

AFTER_A_SECOND = HedgeSettings(1.0)


@pytest.fixture
def late(kit):
    """A group of three, the first of which is asked first and late; the house hedges after a second."""

    def make(script=None, *, hedge=AFTER_A_SECOND, **more):
        members = [kit.place(name) for name in "abc"]
        world = kit.World(script)
        world.late = {"a"}
        return kit.House(world, *members, draws=(0.0,), router={"hedge": hedge, "num_retries": 1}, **more)

    return make


def told(trip) -> list[tuple[str, str | None]]:
    return [(a.deployment, a.failure.value if a.failure else None) for a in trip.attempts]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
def test_who_delivers_first_wins_and_both_are_told(late, kit, stream):
    """The loser is neither a failure of its deployment nor a secret: it may be billed."""
    house = late({"b": [kit.Stream()]} if stream else None)
    trip = house.serve(stream=stream)
    assert house.world.asked == ["a is late", "b"]
    assert (told(trip), trip.leg.deployment.id) == ([("a", "outrun"), ("b", None)], "b")
    assert (trip.attempts[0].sent, trip.outcome.failure, house.in_flight) == (True, None, 0)
    assert (house.board.hedges.under_way, house.board.record(trip.decision.choice).failures) == (0, 0)


def test_who_is_in_time_is_not_hedged(late):
    """Nobody else is asked, whatever the configuration allows."""
    house = late()
    house.world.late = set()
    assert (told(house.serve()), house.world.asked) == ([("a", None)], ["a"])


def test_a_second_copy_that_fails_leaves_the_first_its_chance(late, kit):
    """Its failure is held against it and told; the answer is the first one's."""
    house = late({"b": [kit.refused(500)]})
    trip = house.serve()
    assert (told(trip), trip.error, house.in_flight) == ([("b", "server_error"), ("a", None)], None, 0)
    assert house.board.record(house.settings.deployments[1]).failures == 1


def test_when_both_fail_the_third_is_asked(late, kit):
    """Neither of the two is asked again."""
    house = late({"a": [kit.refused(500)], "b": [kit.refused(503)]}, fallbacks={"m": ("m",)})
    trip = house.serve(num_retries=2)
    assert (told(trip)[-1], house.in_flight) == (("c", None), 0)
    assert [name for name in house.world.asked if name == "a"] == ["a"]


def test_without_anybody_in_good_standing_the_first_is_waited_for(late):
    """A second copy must not go to somebody who fails already."""
    house = late()
    for member in house.settings.deployments[1:]:
        lease = house.board.take(member)
        house.board.failed(lease, FailureKind.SERVER_ERROR)
        house.board.give_back(lease)
    assert told(house.serve()) == [("a", None)]


@pytest.mark.parametrize(("share", "least", "hedged"), [(0.05, 1, True), (0.0, 0, False), (1.0, 0, True)])
def test_copies_are_bounded_by_a_budget(late, share, least, hedged):
    """A share of the requests under way, and at least so many."""
    house = late()
    house.board.hedges.settle(share, least)
    assert (len(told(house.serve())) == 2) is hedged


def test_a_copy_counts_while_it_lasts(late):
    """With one copy allowed and one under way the next late request waits."""
    house = late()
    house.board.hedges.pay()
    assert told(house.serve()) == [("a", None)]


@pytest.mark.parametrize(
    ("results", "stream", "hedged"), [(FEWEST, True, True), (FEWEST - 1, True, False), (99, False, False)]
)
def test_by_percentile_only_streams_with_enough_behind_them_are_hedged(late, kit, results, stream, hedged):
    """A whole answer's time depends on its length; few results say nothing."""
    house = late({"b": [kit.Stream()], "a": [kit.Stream()]} if stream else None, hedge=HedgeSettings())
    for _ in range(results):
        lease = house.board.take(house.settings.deployments[0])
        house.world.clock.advance(2.0)
        lease.first_token = 1.5
        house.board.succeeded(lease, 1)
        house.board.give_back(lease)
    before = house.world.clock()
    trip = house.serve(stream=stream)
    assert (len(told(trip)) == 2) is hedged
    assert not hedged or house.world.clock() - before == pytest.approx(1.5 + house.world.takes)


def test_a_deadline_sooner_than_the_delay_is_not_hedged(late):
    """There would be no time for the second one."""
    assert told(late().serve(timeout=0.9)) == [("a", None)]
