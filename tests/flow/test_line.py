"""Waiting for room, from the decision that finds none to the place that is handed over."""

from __future__ import annotations

import pytest

from pointsman.errors import AtLimit, NoCandidate, QueueFull
from pointsman.flow.line import priority_of
from pointsman.model.outcome import FailureKind


@pytest.fixture
def full(kit):
    """A group of one with room for one request, which is taken: the house, and how to free it."""

    def make(script=None, **router):
        members = kit.place("a", max_parallel_requests=1), kit.place("b", "g")
        house = kit.House(kit.World(script), *members, router=router)
        return house, house.board.take(house.settings.deployments[0])

    return make


def test_a_request_waits_for_room_and_is_served(full):
    """It has the place that the other one left; the decision tells how long it stood in line."""
    house, lease = full()
    house.world.meanwhile.extend([lambda: None, lambda: house.board.give_back(lease)])
    trip = house.serve()
    assert (house.world.asked, trip.error) == (["wait", "wait", "a"], None)
    assert (trip.waited, trip.decided, trip.decision.steps[-1].reason) == (1.0, 0.0, "waited 1.00 s for room")
    assert (house.in_flight, len(house.board.queue), house.board.queue.served) == (0, 0, 1)


def test_nobody_slips_in_between(full):
    """A newcomer finds the place taken from the moment it was handed on."""
    house, lease = full(queue_size=1)

    def freed() -> None:
        house.board.give_back(lease)
        with pytest.raises(NoCandidate):
            house.serve()

    house.world.meanwhile.append(freed)
    assert house.serve().error is None


def test_without_a_line_the_caller_hears_at_once(full):
    """``queue_size: 0``: a 429, as before."""
    house, _ = full(queue_size=0)
    with pytest.raises(AtLimit):
        house.serve()
    assert house.world.asked == []


def test_a_line_that_is_full_turns_newcomers_away(full):
    """503 and when to come back, without waiting."""
    house, _ = full(queue_size=1)
    house.board.queue.enter(["a"], 1, 5, 0.0, 1e9)
    with pytest.raises(QueueFull) as caught:
        house.serve()
    assert (caught.value.status, caught.value.code, house.board.queue.refused) == (503, "queue_full", 1)
    assert caught.value.retry_after is not None


@pytest.mark.parametrize(("timeout", "waits"), [(None, 3), (1.5, 2), (0.5, 1)])
def test_nobody_waits_for_ever(full, timeout, waits):
    """For as long as the line lets it, or until the request's own deadline; then it is told what stood in its way."""
    house, _ = full(queue_timeout=3.0)
    with pytest.raises(AtLimit, match="1 parallel requests reached"):
        house.serve(timeout=timeout)
    assert house.world.asked == ["wait"] * waits
    assert (len(house.board.queue), house.board.queue.expired, house.in_flight) == (0, 1, 1)


def test_who_could_not_be_served_in_time_is_told_so_at_once(full):
    """Answers take ten seconds here: a request that has five does not wait for one."""
    house, lease = full()
    house.world.clock.advance(10.0)
    house.board.succeeded(lease, 1)
    house.board.give_back(lease)
    house.board.take(house.settings.deployments[0])
    with pytest.raises(QueueFull, match="expected in 10 s"):
        house.serve(timeout=5.0)


def test_a_caller_that_leaves_gives_its_place_up(full):
    """In line, and with a place just handed over: it goes to the next, or is free."""
    house, lease = full()

    def gone() -> None:
        house.board.give_back(lease)
        raise KeyboardInterrupt

    house.world.meanwhile.append(gone)
    with pytest.raises(KeyboardInterrupt):
        house.serve()
    assert (house.in_flight, len(house.board.queue)) == (0, 0)


def test_a_recovery_is_noticed_without_being_handed_on(full):
    """Nobody gives a place back when a rest ends, so whoever waits looks for himself."""
    house, lease = full()

    def failed() -> None:
        house.board.failed(lease, FailureKind.RATE_LIMITED, 2.5)
        house.board.give_back(lease)

    house.world.meanwhile.append(failed)
    assert house.serve().error is None
    assert house.world.asked == ["wait"] * 3 + ["a"]


def test_after_a_failure_it_waits_for_who_is_left(kit):
    """The other member of the group has no room: better late than a 502."""
    members = kit.place("a"), kit.place("b", max_parallel_requests=1)
    house = kit.House(kit.World({"a": [kit.refused(403)]}), *members, draws=(0.0,), router={"num_retries": 1})
    lease = house.board.take(members[1])
    house.world.meanwhile.append(lambda: house.board.give_back(lease))
    trip = house.serve()
    assert (trip.error, trip.attempts[-1].deployment) == (None, "b")
    assert "wait" in house.world.asked


@pytest.mark.parametrize(
    ("said", "priority"),
    [("high", 7), ("HIGH ", 7), ("low", 2), ("9", 9), ("0", 0), ("batch", 0), ("", 5), ("10", 5), ("soon", 5)],
)
def test_what_the_header_may_say(kit, said, priority):
    """Words and digits; what is neither is somebody else's convention."""
    house = kit.House(kit.World(), kit.place("a"))
    assert priority_of(house.trip(headers={b"x-priority": said.encode()})) == priority
