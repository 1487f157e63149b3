"""Who rests for whose failures: a deployment, or all that its provider has; who may be asked all the same; who comes
back slowly.
"""

from __future__ import annotations

import msgspec
import pytest

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import CONSEQUENCES, FailureKind, Scope
from pointsman.model.rest import NEVER, Allowed, BreakerSettings
from pointsman.model.secret import Secret
from pointsman.state.breaker import State
from pointsman.state.cooldown import LONGEST, CooldownSettings
from pointsman.state.degraded import DegradedSettings
from pointsman.state.scoreboard import Rules, Scoreboard
from pointsman.state.slow_start import LEAST

STEADY = BreakerSettings(jitter=0.0)
HERE, THERE = provider("here"), provider("there")
ONE, TWO, THREE = (deployment(name, at=HERE) for name in ("one", "two", "three"))
FAR = deployment("far", at=THERE)
EVERYBODY = (ONE, TWO, THREE, FAR)

WIDE = [kind for kind, means in CONSEQUENCES.items() if means.scope in (Scope.KEY, Scope.PROVIDER)]


@pytest.fixture
def clock():
    return FakeClock()


def made(clock: FakeClock, **more) -> Scoreboard:
    more.setdefault("breaker", STEADY)
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(**more))
    board.forget_all_but(EVERYBODY)
    for each in EVERYBODY:
        board.record(each)
    return board


@pytest.fixture
def board(clock):
    return made(clock)


def fail(board, which, kind=FailureKind.SERVER_ERROR, times=1, told=None) -> None:
    for _ in range(times):
        lease = board.take(which)
        board.failed(lease, kind, told)
        board.give_back(lease)


def serve(board, which, times=1) -> None:
    for _ in range(times):
        lease = board.take(which)
        board.succeeded(lease, 0)
        board.give_back(lease)


def resting(board) -> set[str]:
    return {d.id for d in EVERYBODY if board.fitness(d) is not None}


ALL_HERE = {"one", "two", "three"}


# A key that is refused, a quota that is spent


@pytest.mark.parametrize(("kind", "seconds"), [(FailureKind.AUTH, 5.0), (FailureKind.QUOTA, 60.0)])
def test_a_refused_key_is_the_whole_providers_matter(board, kind, seconds):
    """Everybody behind it rests at once, as long as it takes to mend; others go on."""
    fail(board, ONE, kind)
    assert resting(board) == ALL_HERE
    assert board.fitness(TWO) == f"cooling down for {seconds:.1f} s more ({kind.value} at provider here)"
    assert (board.wait(TWO), board.wait(FAR), board.told_to_rest(TWO)) == (seconds, 0.0, True)


@pytest.mark.parametrize(("told", "seconds"), [(2.0, 5.0), (90.0, 90.0), (1e9, LONGEST)])
def test_what_the_upstream_says_of_a_quota_counts(board, told, seconds):
    """Its own word in place of a minute, but no less than a breaker is open for, and not for ever."""
    fail(board, ONE, FailureKind.QUOTA, told=told)
    assert board.wait(THREE) == seconds


def test_a_key_is_tried_again_by_one_request_and_then_less_and_less_often(board, clock):
    """A key that stays refused costs one request each time, for the provider as a whole."""
    fail(board, ONE, FailureKind.AUTH)
    waits = []
    for which in (TWO, THREE, ONE):
        waits.append(board.wait(ONE))
        clock.advance(waits[-1])
        assert resting(board) == set()
        lease = board.take(which)
        assert (lease.probe, resting(board)) == (True, ALL_HERE)
        board.failed(lease, FailureKind.AUTH)
        board.give_back(lease)
    assert waits == [5.0, 10.0, 20.0]
    clock.advance(40.0)
    assert resting(board) == set()
    serve(board, THREE)
    assert (resting(board), board.resting) == (set(), {})


def test_another_key_is_tried_at_once(board):
    """Who mends the configuration does not have to wait."""
    fail(board, ONE, FailureKind.AUTH)
    mended = msgspec.structs.replace(HERE, api_key=Secret("sk-good"))
    board.forget_all_but([deployment("one", at=mended), deployment("two", at=mended)])
    assert board.fitness(deployment("one", at=mended)) is None


def test_the_same_key_goes_on_resting_after_a_swap(board):
    """And whoever is new behind it rests too."""
    fail(board, ONE, FailureKind.AUTH)
    new = deployment("new", at=HERE)
    board.forget_all_but([ONE, new])
    assert "at provider here" in board.fitness(new)


# A place that can't be reached


@pytest.mark.parametrize("kind", [FailureKind.REFUSED, FailureKind.CONNECT_TIMEOUT])
def test_a_dead_host_is_out_after_five_failures_in_total(board, kind):
    """Whoever of its deployments was asked."""
    for which in (ONE, TWO, THREE, ONE):
        fail(board, which, kind)
        assert resting(board) == set()
    fail(board, TWO, kind)
    assert resting(board) == ALL_HERE
    assert board.fitness(THREE) == "breaker open for 5.0 s more (5 failures at provider here)"
    assert {board.record(d).breaker.state for d in EVERYBODY} == {State.CLOSED}


def test_a_dead_host_has_one_probe_in_all(board, clock):
    """Not one for each of its deployments."""
    fail(board, ONE, FailureKind.REFUSED, times=5)
    clock.advance(5.0)
    lease = board.take(TWO)
    assert lease.probe
    assert {board.fitness(d) for d in (ONE, TWO, THREE)} == {
        "breaker half-open at provider here: its one probe is under way"
    }
    board.give_back(lease)
    assert resting(board) == set()


def test_a_success_of_anybody_there_heals_the_place(board, clock):
    """And forgets the failures that were counted so far."""
    fail(board, ONE, FailureKind.REFUSED, times=4)
    serve(board, TWO)
    fail(board, THREE, FailureKind.REFUSED, times=4)
    assert resting(board) == set()
    fail(board, THREE, FailureKind.REFUSED)
    assert resting(board) == ALL_HERE
    clock.advance(5.0)
    serve(board, THREE)
    assert (resting(board), board.resting) == (set(), {})


def test_an_answer_from_before_the_opening_heals_nothing(board):
    """A stream that goes on where nobody is let in any more says nothing of who comes next."""
    old = board.take(ONE)
    fail(board, TWO, FailureKind.REFUSED, times=5)
    board.succeeded(old, 0)
    board.give_back(old)
    assert resting(board) == ALL_HERE


def test_a_probe_that_fails_for_its_deployments_own_reasons_tells_nothing_of_the_place(board, clock):
    """The next request is the probe."""
    fail(board, ONE, FailureKind.REFUSED, times=5)
    clock.advance(5.0)
    fail(board, ONE, FailureKind.SERVER_ERROR)
    place = board.record(ONE).place
    assert (place.breaker.state, resting(board)) == (State.HALF_OPEN, set())
    assert board.take(TWO).probe


@pytest.mark.parametrize("kind", WIDE)
def test_names_that_nobody_asked_for_before_rest_with_their_place(board, kind):
    """Rules make deployments for names that callers choose; a dead host is not asked once for each of them."""
    fail(board, ONE, kind, times=5)
    stranger = deployment("stranger@here", at=HERE)
    assert "at provider here" in board.fitness(stranger)
    board.record(stranger)
    assert stranger.id in board.resting


def test_failures_are_held_against_whose_they_are(board):
    """A deployment's own leave its neighbours alone."""
    fail(board, ONE, times=5)
    assert resting(board) == {"one"}


# The share of successes


@pytest.mark.parametrize(
    ("calls", "opens"),
    [
        ("SSSSF" * 4, False),
        ("SSSSF" * 3 + "SSSF", True),
        ("SSSSF", False),
        ("SSSFF", True),
        ("SSFF", False),
        ("FFFF", False),
    ],
)
def test_too_few_successes_open_the_breaker(board, clock, calls, opens):
    """Less than four of five within half a minute, from five calls on; that they are not in a row does not matter."""
    for call in calls:
        serve(board, ONE) if call == "S" else fail(board, ONE)
        clock.advance(0.1)
    assert (board.fitness(ONE) is not None) == opens


def alternate(board, clock, seconds: float, times: int, kind: FailureKind) -> None:
    for _ in range(times):
        serve(board, ONE)
        fail(board, ONE, kind, told=0.001)
        clock.advance(seconds)


def test_what_is_older_than_the_window_is_forgotten(board, clock):
    """Half of all fail, but in half a minute there are never five."""
    alternate(board, clock, 14.0, 20, FailureKind.SERVER_ERROR)
    assert board.fitness(ONE) is None


def test_a_rate_limit_counts_in_the_rate_and_not_in_a_row(board, clock):
    """Any number in a row is no outage, but half of all is too many; then it rests longer each time."""
    lenient = made(clock, breaker=msgspec.structs.replace(STEADY, rate=0.0))
    fail(lenient, ONE, FailureKind.RATE_LIMITED, times=50, told=0.001)
    assert lenient.record(ONE).breaker.state is State.CLOSED
    alternate(board, clock, 1.0, 3, FailureKind.RATE_LIMITED)
    assert board.fitness(ONE) == "breaker open for 4.0 s more (too few successes)"


def test_a_rate_limit_fails_the_probe(board, clock):
    """A deployment that is told to wait has not come back."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    fail(board, ONE, FailureKind.RATE_LIMITED, told=1.0)
    assert (board.record(ONE).breaker.state, board.wait(ONE)) == (State.OPEN, 10.0)


def test_a_refused_connection_fails_the_probe(board, clock):
    """Whose fault it may be: the deployment has not been seen to deliver."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    fail(board, ONE, FailureKind.REFUSED)
    assert (board.record(ONE).breaker.state, board.wait(ONE), board.fitness(TWO)) == (State.OPEN, 10.0, None)


def test_failures_from_before_it_closed_are_forgiven(board, clock):
    """The probe's success is a new beginning, not one success among the failures that opened it."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    fail(board, ONE, times=4)
    assert board.fitness(ONE) is None
    fail(board, ONE)
    assert board.fitness(ONE) is not None


def test_a_refused_connection_counts_in_the_rate_of_its_deployment(board, clock):
    """A host that refuses every second one is never out by failures in a row."""
    alternate(board, clock, 1.0, 3, FailureKind.REFUSED)
    assert resting(board) == {"one"}


@pytest.mark.parametrize("told", [1.0, 7.5, 250.0, 9999.0])
@pytest.mark.parametrize("kind", [FailureKind.OVERLOADED, FailureKind.RATE_LIMITED, FailureKind.REFUSED])
def test_no_breaker_is_open_for_less_than_the_upstream_asked_for(board, clock, kind, told):
    """Up to the longest that anybody is believed."""
    fail(board, ONE, times=4)
    serve(board, TWO)
    fail(board, ONE, kind, times=5, told=told)
    length = min(told, LONGEST)
    clock.advance(length - 0.01)
    assert "one" in resting(board)


# What the configuration says


def test_each_deployment_and_each_provider_may_have_a_breaker_of_its_own(clock):
    """What a deployment says counts before what its provider says, and that before the rest."""
    touchy = msgspec.structs.replace(HERE, breaker=(("threshold", 2), ("open", 7.0)))
    board = made(clock)
    own, plain = deployment("own", at=touchy, breaker=(("threshold", 1),)), deployment("plain", at=touchy)
    board.forget_all_but([own, plain, FAR])
    fail(board, own)
    fail(board, plain)
    assert (board.wait(own), board.fitness(plain)) == (7.0, None)
    fail(board, plain)
    assert board.wait(plain) == 7.0
    other = deployment("other", at=touchy)
    fail(board, other, FailureKind.REFUSED, times=2)
    assert "at provider here" in board.fitness(other)


def test_failures_that_are_borne_open_no_breaker(clock):
    """Neither in a row nor by their rate; the one that is too many is a rest."""
    timeouts = Allowed(50, frozenset({FailureKind.TIMEOUT}))
    board = made(clock, allowed=(timeouts,), cooldown=CooldownSettings(20.0))
    fail(board, ONE, FailureKind.TIMEOUT, times=50)
    assert (board.fitness(ONE), board.record(ONE).failures) == (None, 50)
    fail(board, ONE)
    assert board.fitness(ONE) is None
    fail(board, ONE, FailureKind.TIMEOUT)
    assert (board.wait(ONE), board.told_to_rest(ONE)) == (20.0, False)


def test_a_deployments_own_allowance_counts_first(clock):
    """Before the router's, whatever kinds that names."""
    lenient = deployment("one", at=HERE, allowed=(Allowed(9),))
    board = made(clock, allowed=(Allowed(0, frozenset({FailureKind.TIMEOUT})),))
    board.forget_all_but([lenient, TWO])
    fail(board, lenient, FailureKind.TIMEOUT, times=9)
    fail(board, TWO, FailureKind.TIMEOUT)
    assert (board.fitness(lenient), board.fitness(TWO) is None) == (None, False)


def test_bad_requests_rest_nobody_unless_somebody_counts_them(clock):
    """A policy that names them does; they are no failures of the deployment all the same."""
    board = made(clock, allowed=(Allowed(1, frozenset({FailureKind.BAD_REQUEST})),))
    fail(board, ONE, FailureKind.BAD_REQUEST)
    assert board.fitness(ONE) is None
    fail(board, ONE, FailureKind.BAD_REQUEST)
    assert board.fitness(ONE) == "cooling down for 5.0 s more (bad_request)"
    assert (board.record(ONE).failures, board.record(ONE).breaker.state) == (0, State.CLOSED)


@pytest.mark.parametrize("kind", [kind for kind, means in CONSEQUENCES.items() if means.counts])
def test_where_rests_are_off_nobody_rests(clock, kind):
    """Whatever fails, and whatever the upstream says; errors still halve a share where that is configured."""
    board = made(clock, rests=False, degraded=DegradedSettings(threshold=3))
    fail(board, ONE, kind, times=100, told=100.0)
    assert (resting(board), board.resting) == (set(), {})


def test_switching_rests_off_ends_those_under_way(board):
    """From the swap on."""
    fail(board, ONE, times=5)
    board.forget_all_but(EVERYBODY, Rules(rests=False))
    assert board.fitness(ONE) is None


def test_with_its_breaker_off_a_deployment_rests_only_when_it_is_told_to(clock):
    """``cooldown_time: 0`` comes to that."""
    calm = deployment("one", at=HERE, cooldown_time=0.0, breaker=NEVER)
    board = made(clock)
    board.forget_all_but([calm])
    fail(board, calm, times=100)
    fail(board, calm, FailureKind.RATE_LIMITED)
    assert board.fitness(calm) is None
    fail(board, calm, FailureKind.RATE_LIMITED, told=3.0)
    assert board.wait(calm) == 3.0


# In need


def test_in_need_the_one_that_failed_least_recently_is_asked(board, clock):
    """Each in its turn."""
    for which in (TWO, ONE, THREE):
        fail(board, which, times=5)
        clock.advance(0.1)
    asked = []
    for _ in range(4):
        chosen = board.in_need(EVERYBODY[:3], EVERYBODY[:3])
        asked.append(chosen.id)
        fail(board, chosen)
        clock.advance(0.1)
    assert asked == ["two", "one", "three", "two"]
    assert {round(board.record(d).breaker.until - clock(), 1) for d in (ONE, TWO, THREE)} <= {4.3, 4.4, 4.5}


def test_in_need_one_request_is_under_way_at_a_time(board):
    """Over all that might be asked; when it is over the next one may go."""
    for which in (ONE, TWO, FAR):
        fail(board, which, times=5)
    lease = board.take(board.in_need((ONE, TWO, FAR), (ONE, TWO, FAR)))
    assert (lease.probe, lease.passage.need) == (False, True)
    assert board.in_need((ONE, TWO, FAR), (TWO, FAR)) is None
    assert board.in_need((TWO, FAR), (TWO, FAR)) is not None
    board.give_back(lease)
    assert board.in_need((ONE, TWO, FAR), (ONE, TWO, FAR)) is not None


def test_at_a_place_that_rests_one_request_is_in_need_for_all_of_it(board):
    """Whichever of its deployments another pool has."""
    fail(board, ONE, FailureKind.REFUSED, times=5)
    board.take(ONE)
    assert board.in_need((TWO,), (TWO,)) is None


def test_a_probe_under_way_is_the_one_request(board, clock):
    """Whoever waits for its verdict does not ask somebody else of the pool in need."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    fail(board, TWO, times=5)
    assert board.fitness(ONE) is None
    board.take(ONE)
    assert board.in_need((ONE, TWO), (ONE, TWO)) is None


@pytest.mark.parametrize("kind", [FailureKind.RATE_LIMITED, FailureKind.FORBIDDEN, FailureKind.QUOTA, FailureKind.AUTH])
def test_in_need_nobody_is_asked_who_was_told_to_rest(board, kind):
    """Nor one whose key was refused: it would be refused again."""
    fail(board, ONE, kind)
    fail(board, FAR, FailureKind.OVERLOADED, told=30.0)
    assert board.in_need((ONE, FAR), (ONE, FAR)) is None
    fail(board, deployment("other", at=provider("third")), times=5)
    assert board.in_need((ONE, FAR), (ONE, FAR)) is None


def test_a_rest_for_too_many_failures_is_a_guess_and_a_success_in_need_ends_it(clock):
    """What ``allowed_fails`` says is not the upstream's word."""
    board = made(clock, allowed=(Allowed(0),), cooldown=CooldownSettings(60.0))
    fail(board, ONE)
    assert board.in_need((ONE,), (ONE,)) is ONE
    lease = board.take(ONE)
    assert (lease.passage.need, board.in_need((ONE,), (ONE,))) == (True, None)
    board.succeeded(lease, 0)
    board.give_back(lease)
    assert (board.fitness(ONE), board.resting) == (None, {})


def test_two_hundred_at_once_are_one_probe(board, clock):
    """A herd that arrives the moment that the breaker is due: one is let through, and nobody in need beside it."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    through = []
    for _ in range(200):
        with board.lock:
            if board.fitness(ONE) is None or board.in_need((ONE,), (ONE,)) is not None:
                through.append(board.take(ONE))
    assert [lease.probe for lease in through] == [True]


def test_a_limit_is_told_from_an_outage(board):
    """Who rests for a rate limit or a spent quota is at a limit; who rests for anything else is not."""
    fail(board, ONE, FailureKind.RATE_LIMITED)
    fail(board, FAR, FailureKind.QUOTA)
    fail(board, TWO, FailureKind.FORBIDDEN)
    assert [board.at_limit(d) for d in (ONE, FAR, TWO, THREE)] == [True, True, False, False]


# A stream that begins


def test_a_streams_first_content_is_a_sign_of_life(board, clock):
    """Nobody waits for the end of a long answer; but one failure opens the breaker again, for longer."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    lease = board.take(ONE)
    assert board.fitness(ONE) is not None
    board.began(lease)
    assert board.fitness(ONE) is None
    board.failed(lease, FailureKind.CUT)
    board.give_back(lease)
    assert board.wait(ONE) == 10.0


def test_first_content_ends_a_rest_that_was_only_guessed(clock):
    """A stream that is asked in need keeps nobody waiting for its end either."""
    board = made(clock, allowed=(Allowed(0),), cooldown=CooldownSettings(60.0))
    fail(board, ONE)
    lease = board.take(ONE)
    assert board.fitness(ONE) is not None
    board.began(lease)
    assert board.fitness(ONE) is None
    board.give_back(lease)


def test_first_content_of_a_stream_from_before_the_opening_says_nothing(board):
    """It was let in when all was well."""
    old = board.take(ONE)
    fail(board, ONE, times=5)
    board.began(old)
    assert board.fitness(ONE) is not None


# Slow start


def test_who_comes_back_is_given_its_share_bit_by_bit(board, clock):
    """From a tenth to the whole within half a minute, and then it is like everybody else."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert (board.fitness(ONE), dict(board.reduced)) == (None, {})
    serve(board, ONE)
    shares = []
    for _ in range(4):
        shares.append(board.reduced.get("one", 1.0))
        clock.advance(10.0)
    assert shares == pytest.approx([LEAST, 0.4, 0.7, 1.0])
    assert (dict(board.reduced), board.health.slow_start.since) == ({}, {})


def test_a_place_that_comes_back_brings_all_its_deployments_back_slowly(board, clock):
    """They were all away."""
    fail(board, ONE, FailureKind.REFUSED, times=5)
    clock.advance(5.0)
    assert board.fitness(TWO) is None
    serve(board, TWO)
    assert set(board.reduced) == ALL_HERE


def test_who_fails_again_is_not_coming_back(board, clock):
    """It rests; the share it had does not matter then."""
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    fail(board, ONE, times=5)
    assert dict(board.reduced) == {}


def test_without_a_slow_start_the_whole_share_is_there_at_once(clock):
    """``slow_start: 0``."""
    board = made(clock, breaker=msgspec.structs.replace(STEADY, slow_start=0.0))
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    assert dict(board.reduced) == {}


def test_degraded_and_coming_back_are_counted_together(clock):
    """Half of a tenth."""
    board = made(clock, degraded=DegradedSettings(threshold=5))
    fail(board, ONE, times=5)
    assert dict(board.reduced) == {"one": 0.5}
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    assert dict(board.reduced) == {"one": 0.5 * LEAST}


def test_turns_come_as_much_less_often(clock):
    """Round robin's virtual time runs faster for who comes back."""
    board = made(clock)
    fail(board, ONE, times=5)
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    board.turns("g")
    for which in (ONE, TWO):
        board.give_back(board.take(which, "g"))
    assert board.turns("g").at == pytest.approx({"one": 10.0, "two": 1.0})


# More than one probe, more than one success

CAREFUL = msgspec.structs.replace(STEADY, success_threshold=3, half_open_requests=2)


@pytest.fixture
def on_trial(clock):
    """A board where ONE is half-open and wants three successes of two at a time."""
    board = made(clock, breaker=CAREFUL)
    fail(board, ONE, times=5)
    clock.advance(5.0)
    return board


def test_two_hundred_at_once_are_as_many_probes_as_there_are_places(on_trial):
    """And nobody is asked in need beside them."""
    through = []
    for _ in range(200):
        with on_trial.lock:
            if on_trial.fitness(ONE) is None or on_trial.in_need((ONE,), (ONE,)) is not None:
                through.append(on_trial.take(ONE))
    assert [lease.probe for lease in through] == [True, True]
    assert on_trial.fitness(ONE) == "breaker half-open: its 2 probes are under way"


def test_it_is_back_after_three_successes_and_then_slowly(on_trial):
    """Until then it stays on trial, at its full share of what little it gets."""
    seen = []
    for _ in range(3):
        serve(on_trial, ONE)
        reading = on_trial.breaker_of(ONE)
        seen.append((reading.state, reading.successes, dict(on_trial.reduced)))
    assert seen == [(State.HALF_OPEN, 1, {}), (State.HALF_OPEN, 2, {}), (State.CLOSED, 0, {"one": LEAST})]
    assert (on_trial.fitness(ONE), on_trial.resting) == (None, {})


def test_what_another_probe_comes_to_after_one_has_failed_says_nothing(on_trial, clock):
    """Neither its success nor its failure is of the trial that follows."""
    first, second, third = on_trial.take(ONE), on_trial.take(ONE), on_trial.take(ONE)
    assert [lease.probe for lease in (first, second, third)] == [True, True, False]
    on_trial.failed(first, FailureKind.SERVER_ERROR)
    on_trial.give_back(first)
    assert on_trial.wait(ONE) == 10.0
    on_trial.succeeded(second, 0)
    on_trial.give_back(second)
    assert (on_trial.breaker_of(ONE).state, on_trial.wait(ONE)) == (State.OPEN, 10.0)
    clock.advance(10.0)
    assert on_trial.fitness(ONE) is None
    on_trial.failed(third, FailureKind.SERVER_ERROR)
    on_trial.give_back(third)
    assert on_trial.breaker_of(ONE).state is State.HALF_OPEN


def test_a_late_probe_of_a_trial_that_went_well_ends_no_later_opening(on_trial):
    """It was let through before that."""
    late = on_trial.take(ONE)
    serve(on_trial, ONE, times=3)
    fail(on_trial, ONE, times=5)
    on_trial.succeeded(late, 0)
    on_trial.give_back(late)
    assert (on_trial.breaker_of(ONE).state, on_trial.wait(ONE)) == (State.OPEN, 5.0)


def test_first_content_stands_in_for_the_last_success(on_trial):
    """Before that it is not what was asked for: something that was delivered."""
    stream = on_trial.take(ONE)
    on_trial.began(stream)
    assert on_trial.breaker_of(ONE).successes == 0
    serve(on_trial, ONE, times=2)
    on_trial.began(stream)
    assert (on_trial.breaker_of(ONE).state, on_trial.fitness(ONE)) == (State.CLOSED, None)
    on_trial.failed(stream, FailureKind.CUT)
    on_trial.give_back(stream)
    assert on_trial.wait(ONE) == 10.0


def test_one_success_in_need_puts_it_on_trial_at_once(clock):
    """It is up, so others may try; the rest of the time it was to be open for is not waited for."""
    board = made(clock, breaker=CAREFUL)
    fail(board, ONE, times=5)
    assert board.in_need((ONE,), (ONE,)) is ONE
    serve(board, ONE)
    assert (board.breaker_of(ONE).state, board.breaker_of(ONE).successes) == (State.HALF_OPEN, 1)
    assert board.fitness(ONE) is None


# Somebody who knows says that it is well


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (FailureKind.SERVER_ERROR, None),
        (FailureKind.REFUSED, None),
        (FailureKind.AUTH, None),
        (FailureKind.RATE_LIMITED, 100.0),
    ],
)
def test_who_is_told_to_be_well_is_asked_at_once(clock, kind, told):
    """Whatever it rested for, and with its whole share; others go on resting."""
    board = made(clock, degraded=DegradedSettings(threshold=1))
    fail(board, FAR, times=5)
    fail(board, ONE, kind, times=5, told=told)
    board.recover(ONE)
    assert (resting(board), set(board.resting), set(board.reduced)) == ({"far"}, {"far"}, {"far"})
    assert (board.wait(ONE), board.told_to_rest(ONE), board.breaker_of(ONE).failures) == (0.0, False, 0)


def test_failures_before_it_was_told_to_be_well_do_not_open_it_again(board, clock):
    """Neither those in a row nor the share of them; five new ones do."""
    fail(board, ONE, times=5)
    board.recover(ONE)
    fail(board, ONE, times=4)
    assert board.fitness(ONE) is None
    fail(board, ONE)
    assert board.wait(ONE) == 5.0


def test_of_somebody_unknown_nothing_is_to_be_forgotten(board):
    """And nothing is begun."""
    board.recover(deployment("new", at=provider("new")))
    assert "new" not in board.records()


def test_a_reading_is_the_places_where_that_alone_rests(board, clock):
    """Else the deployment's own."""
    assert board.breaker_of(ONE).state is State.CLOSED
    fail(board, ONE, FailureKind.AUTH)
    assert (board.breaker_of(TWO).state, board.breaker_of(TWO).cause) == (State.OPEN, "auth")
    fail(board, TWO, times=5)
    assert (board.breaker_of(TWO).failures, board.breaker_of(TWO).cause) == (5, "")
    clock.advance(5.0)
    assert board.breaker_of(TWO).state is State.HALF_OPEN


# Other rules while it runs


def test_new_figures_count_for_all_at_once_and_leave_who_rests(clock):
    """Those that are known, of deployments and of providers, and those that come later; a rest is neither cut short
    nor drawn out.
    """
    board = made(clock, breaker=STEADY)
    fail(board, ONE, times=5)
    fail(board, TWO, times=3)
    board.settle(Rules(msgspec.structs.replace(CAREFUL, threshold=4, open=30.0, longest=30.0)))
    assert (resting(board), board.wait(ONE), board.breaker_of(TWO).failures) == ({"one"}, 5.0, 3)
    later = deployment("later", at=provider("later"))
    known = [*EVERYBODY, later]
    assert {(board.breaker_of(d).threshold, board.breaker_of(d).success_threshold) for d in known} == {(4, 3)}
    assert board.record(ONE).place.breaker.settings.threshold == 4
    fail(board, TWO)
    assert board.wait(TWO) == 30.0
    clock.advance(5.0)
    assert board.fitness(ONE) is None
    serve(board, ONE)
    assert board.breaker_of(ONE).state is State.HALF_OPEN


def test_new_rules_keep_turns_and_homes(board):
    """It is no new configuration."""
    board.turns("g").floor = 7.0
    board.remember("s", home="one")
    board.settle(Rules(CAREFUL))
    assert (board.turns("g").floor, board.home("s")) == (7.0, "one")
