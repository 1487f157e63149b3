"""The line of those who wait: order, ageing, bounds, and that a place handed on is neither lost nor given twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.state.queue import AGEING, NORMAL, URGENT, Queue, QueueSettings, Ticket
from pointsman.state.rules import Rules
from pointsman.state.scoreboard import Scoreboard

FAR = 1e9


def anybody(_ticket: Ticket) -> bool:
    return True


def order(queue: Queue, now: float = 0.0) -> list[int]:
    """The numbers of the tickets as they would be served."""
    found = []
    while (first := queue.first(anybody, now)) is not None:
        found.append(first[0].number)
        queue.leave(first[0], served=True, now=now)
    return found


@given(st.lists(st.integers(0, URGENT), max_size=30))
def test_the_most_urgent_comes_first_and_equals_in_the_order_of_arrival(priorities):
    """At one moment priority decides; then who came first."""
    queue = Queue()
    tickets = [queue.enter(["a"], 1, priority, 0.0, FAR) for priority in priorities]
    ranked = sorted(zip(priorities, tickets, strict=True), key=lambda pair: (-pair[0], pair[1].number))
    assert order(queue) == [ticket.number for _, ticket in ranked]


def test_nobody_starves():
    """Whoever has waited AGEING seconds a step longer comes before any newcomer of that priority."""
    queue = Queue()
    humble = queue.enter(["a"], 1, 0, 0.0, FAR)
    wait = AGEING * URGENT
    early = queue.enter(["a"], 1, URGENT, wait - 0.1, FAR)
    late = queue.enter(["a"], 1, URGENT, wait + 0.1, FAR)
    assert order(queue, wait + 1) == [early.number, humble.number, late.number]


def test_whose_time_is_up_gets_no_place():
    """A place given to somebody who has left would be lost for a moment."""
    queue = Queue(QueueSettings(seconds=10.0))
    early, late = (queue.enter(["a"], 1, NORMAL, at, FAR) for at in (0.0, 5.0))
    soon = queue.enter(["a"], 1, URGENT, 5.0, 6.0)
    assert order(queue, 10.0) == [late.number]
    for ticket in (early, soon):
        queue.leave(ticket, served=False, now=10.0)
    assert (queue.served, queue.expired, len(queue)) == (1, 2, 0)


def test_who_is_before_a_newcomer_is_who_wants_the_same_and_is_as_urgent():
    """It is what the expected wait is reckoned from."""
    queue = Queue()
    for wanted, priority in ((["a"], 5), (["a", "b"], 9), (["b"], 9), (["a"], 0)):
        queue.enter(wanted, 1, priority, 0.0, FAR)
    assert [queue.before(["a"], priority, 0.0) for priority in (9, 5, 0)] == [1, 2, 3]
    assert queue.before(["c"], 0, 0.0) == 0


@pytest.fixture
def house():
    """A board with two deployments at one provider of two places, and one elsewhere of one place."""
    clock = FakeClock()
    shared = provider("p", max_parallel_requests=2)
    one, two = deployment("one", "m", shared), deployment("two", "m", shared)
    other = deployment("other", "m", provider("q"), max_parallel_requests=1)
    return clock, Scoreboard(clock, LoadedDice([0.5])), one, two, other


def stand(board: Scoreboard, *wanted, tokens: int = 1, priority: int = NORMAL) -> Ticket:
    with board.lock:
        for member in wanted:
            board.crowded(member, tokens)  # as whoever stands in line has asked
        return board.queue.enter([d.id for d in wanted], tokens, priority, board.clock(), FAR)


def test_a_place_that_is_given_back_goes_to_the_first_whom_it_suits(house):
    """Also where it is the provider that was full; until it is taken it counts as taken."""
    _, board, one, two, other = house
    leases = [board.take(one), board.take(one), board.take(other)]
    first, second = stand(board, two), stand(board, other)
    board.give_back(leases[0])
    assert (first.kept, second.kept) == (board.record(two), None)
    assert board.room(one, 1) is not None
    board.give_back(leases[2])
    assert second.kept is board.record(other)
    assert board.room(other, 1) is not None


def test_a_place_that_is_not_taken_goes_to_the_next(house):
    """Leaving the line hands it on; so does taking another one."""
    _, board, _, _, other = house
    lease = board.take(other)
    first, second, third = (stand(board, other) for _ in range(3))
    board.give_back(lease)
    with board.lock:
        board.leave_line(first, served=False)
    assert second.kept is board.record(other)
    with board.lock:
        kept = board.release(second)
        board.pass_on(kept, second)
    assert third.kept is board.record(other)
    with board.lock:
        board.leave_line(third, served=False)
        board.leave_line(second, served=False)
    assert board.record(other).in_flight == 0


def test_a_place_at_a_deployment_that_rests_is_not_handed_on(house):
    """The one who waits would be sent into an open breaker."""
    _, board, _, _, other = house
    lease = board.take(other)
    ticket = stand(board, other)
    board.failed(lease, FailureKind.RATE_LIMITED, 30.0)
    board.give_back(lease)
    assert ticket.kept is None


def test_who_gets_a_place_is_woken_once(house):
    """By whoever gave it, and never before it is his."""
    _, board, _, _, other = house
    lease, woken = board.take(other), []
    ticket = stand(board, other)
    ticket.wake = lambda: woken.append(ticket.kept)
    board.give_back(lease)
    assert woken == [board.record(other)]


def test_only_those_that_serve_somebody_are_waited_for(house):
    """A limit of zero never has room, a minute that is used up is a matter of time, and who rests is no help."""
    clock, board, one, _, other = house
    assert not board.crowded(one, 1)
    closed = deployment("closed", "m", provider("r"), max_parallel_requests=0)
    hurried = deployment("hurried", "m", provider("s"), max_parallel_requests=1, rpm=1)
    for member in (other, hurried):
        board.take(member)
    assert [board.crowded(member, 1) for member in (closed, hurried, other)] == [False, False, True]
    clock.advance(61)
    assert board.crowded(hurried, 1)


def test_the_expected_wait_is_the_line_times_an_answers_time(house):
    """Nothing is known of who never answered; then nobody is turned away for it."""
    clock, board, _, _, other = house
    assert board.expected_wait(["other"], NORMAL) == 0.0
    lease = board.take(other)
    clock.advance(4.0)
    board.succeeded(lease, 1)
    board.give_back(lease)
    board.take(other)
    stand(board, other)
    assert board.expected_wait(["other"], NORMAL) == pytest.approx(8.0)
    assert board.expected_wait(["other"], URGENT) == pytest.approx(4.0)


class Crowd(RuleBasedStateMachine):
    """Callers come, wait, are served, give up; places never number more than the limits, and none is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.board = Scoreboard(self.clock, LoadedDice([0.5]), Rules(queue=QueueSettings(seconds=50.0)))
        shared = provider("p", max_parallel_requests=3)
        self.members = [
            deployment("a", "m", shared, max_parallel_requests=2),
            deployment("b", "m", shared, max_parallel_requests=2),
            deployment("c", "m", provider("q"), max_parallel_requests=1),
        ]
        self.leases: list = []
        self.tickets: list[tuple[Ticket, list]] = []

    @rule(wanted=st.sets(st.integers(0, 2), min_size=1), priority=st.integers(0, 9))
    def come(self, wanted, priority):
        members = [self.members[index] for index in sorted(wanted)]
        with self.board.lock:
            fit = [d for d in members if self.board.room(d, 1) is None]
            if fit:
                self.leases.append(self.board.take(fit[0]))
            else:
                now = self.clock()
                ticket = self.board.queue.enter([d.id for d in members], 1, priority, now, now + 30)
                self.tickets.append((ticket, members))

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 99))
    def leave(self, which):
        self.board.give_back(self.leases.pop(which % len(self.leases)))

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 99))
    def look(self, which):
        ticket, members = self.tickets[which % len(self.tickets)]
        had = ticket.kept
        with self.board.lock:
            kept = self.board.release(ticket)
            fit = [d for d in members if self.board.room(d, 1) is None]
            assert fit or had is None, "what was kept is there"
            if fit:
                self.leases.append(self.board.take(fit[0]))
            if kept is not None:
                self.board.pass_on(kept, ticket)
            if fit:
                self.board.leave_line(ticket, served=True)
                self.tickets.remove((ticket, members))

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 99))
    def give_up(self, which):
        ticket, _ = self.tickets.pop(which % len(self.tickets))
        with self.board.lock:
            self.board.leave_line(ticket, served=False)

    @rule(seconds=st.floats(0, 40))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def counts(self):
        records = [self.board.record(d) for d in self.members]
        kept = [ticket.kept for ticket, _ in self.tickets if ticket.kept is not None]
        assert sum(record.in_flight for record in records) == len(self.leases) + len(kept)
        assert all(record.in_flight <= most for record, most in zip(records, (2, 2, 1), strict=True))
        assert records[0].place.in_flight == records[0].in_flight + records[1].in_flight <= 3
        assert [ticket for ticket, _ in self.tickets] == sorted(self.board.queue.tickets, key=lambda t: t.number)

    @invariant()
    def nobody_waits_beside_a_free_place(self):
        now = self.clock()
        for ticket, members in self.tickets:
            if ticket.kept is None and ticket.deadline > now:
                assert not any(self.board.room(d, 1) is None for d in members)


TestCrowd = Crowd.TestCase
