"""Keys on the scoreboard: what one meets is held against it, and against the deployment only if none is left."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pointsman.fakes import FakeClock, LoadedDice, deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.model.rest import BreakerSettings
from pointsman.model.secret import Key, Secret
from pointsman.state.breaker import State
from pointsman.state.keyring import LONG
from pointsman.state.keys import OF_KEYS
from pointsman.state.scoreboard import Rules, Scoreboard

KEYS = tuple(Key(Secret(f"sk-{name}-secret"), name) for name in ("1", "team-b", "3"))
AT = provider("here", api_key=KEYS[0].secret, keys=KEYS)
ONE, TWO = deployment("one", at=AT), deployment("two", at=AT)
LIMITED, QUOTA, AUTH = FailureKind.RATE_LIMITED, FailureKind.QUOTA, FailureKind.AUTH


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return made(clock)


def made(clock, **more) -> Scoreboard:
    board = Scoreboard(clock, LoadedDice([0.5]), Rules(BreakerSettings(2, jitter=0.0), **more))
    board.forget_all_but((ONE, TWO))
    for each in (ONE, TWO):
        board.record(each)
    return board


def taken(board, which=ONE, key=None):
    lease = board.take(which)
    lease.key = key or board.keys.pick(lease.record, which.provider.keys)
    return lease


def fail(board, key, kind=LIMITED, told=None, which=ONE):
    lease = taken(board, which, key)
    back = board.key_failed(lease, kind, told)
    board.give_back(lease)
    return back


@pytest.mark.parametrize("kind", [LIMITED, QUOTA, AUTH, FailureKind.FORBIDDEN])
def test_while_another_key_is_left_nothing_is_held_against_the_deployment(board, kind):
    """It is not even counted among its failures: with the next key it goes on."""
    assert [fail(board, key, kind) for key in KEYS[:2]] == [None, None]
    record = board.record(ONE)
    assert board.fitness(ONE) is None
    assert (record.failures, record.breaker.state, record.place.breaker.state) == (0, State.CLOSED, State.CLOSED)
    assert not board.failing(ONE)
    assert {board.keys.pick(record, KEYS).name for _ in range(4)} == {"3"}


def test_if_none_is_left_the_deployment_rests_until_the_first_is_back(board, clock):
    """And says so. The other one had nothing of it: limits are a deployment's."""
    told = [fail(board, key, LIMITED, seconds) for key, seconds in zip(KEYS, (30.0, 10.0, 20.0), strict=True)]
    assert told == [None, None, 10.0]
    assert board.fitness(ONE) == "all 3 keys rest: the first is back in 10.0 s (rate_limited)"
    assert board.fitness(TWO) is None
    assert board.told_to_rest(ONE)
    assert board.at_limit(ONE)
    clock.advance(10.0)
    assert board.fitness(ONE) is None
    assert board.keys.pick(board.record(ONE), KEYS).name == "team-b"


@pytest.mark.parametrize("kind", [QUOTA, AUTH])
def test_a_key_that_is_spent_or_refused_is_so_everywhere(board, kind):
    """If all are, so is everybody at the provider; no breaker opens, for the keys are tried again by themselves."""
    for key in KEYS:
        fail(board, key, kind)
    assert board.fitness(ONE) == board.fitness(TWO)
    assert f"({kind.value} at provider here)" in board.fitness(ONE)
    assert board.record(ONE).place.breaker.state is State.CLOSED


def test_keys_that_rest_for_different_reasons_are_all_out_too(board):
    """One is refused everywhere and two had too much here: here nobody may be asked, there somebody may."""
    fail(board, KEYS[0], AUTH)
    fail(board, KEYS[1], LIMITED, 10.0)
    assert fail(board, KEYS[2], LIMITED, 20.0) == 10.0
    assert board.fitness(ONE) is not None
    assert board.fitness(TWO) is None
    assert {board.keys.pick(board.record(TWO), KEYS).name for _ in range(4)} == {"team-b", "3"}


def test_a_good_answer_ends_the_rest_of_its_key_and_of_whom_it_kept_out(board, clock):
    """Somebody asked in need, and the key was good after all."""
    for key in KEYS:
        fail(board, key, LIMITED, 60.0)
    clock.advance(1.0)
    lease = taken(board)
    board.key_delivered(lease)
    board.succeeded(lease, 1)
    board.give_back(lease)
    assert board.fitness(ONE) is None
    assert {board.keys.pick(board.record(ONE), KEYS) for _ in range(3)} == {lease.key}


def test_a_good_answer_at_one_deployment_helps_the_other(board):
    """The key that was refused there is good after all, and it was the only one that this one had left."""
    early = taken(board, TWO, KEYS[2])
    fail(board, KEYS[0], FailureKind.FORBIDDEN)
    fail(board, KEYS[1], FailureKind.FORBIDDEN)
    assert fail(board, KEYS[2], AUTH, which=TWO) is None
    assert board.fitness(ONE) == "all 3 keys rest: the first is back in 60.0 s (forbidden)"
    board.succeeded(early, 1)
    board.key_delivered(early)
    board.give_back(early)
    assert board.fitness(ONE) is None


def test_new_keys_that_all_rest_are_known_to(board):
    """The one that was good was taken out."""
    for key in KEYS[:2]:
        fail(board, key, AUTH)
    one, _ = swapped(board, KEYS[:2])
    assert board.fitness(one).startswith("all 2 keys rest: the first is back in 60.0 s (auth")


def test_an_answer_from_before_does_not(board, clock):
    """It was asked before the keys had too much."""
    early = taken(board)
    clock.advance(1.0)
    for key in KEYS:
        fail(board, key, LIMITED, 60.0)
    board.key_delivered(early)
    board.give_back(early)
    assert board.fitness(ONE) is not None


def test_where_nobody_rests_no_key_does(clock):
    """``disable_cooldowns``; the next key is asked all the same, as long as there is one."""
    board = made(clock, rests=False)
    assert [fail(board, key, AUTH) for key in KEYS] == [None, None, None]
    assert board.fitness(ONE) is None
    assert board.keys.another(board.record(ONE), KEYS, set(KEYS[:2])) == KEYS[2]
    assert board.keys.another(board.record(ONE), KEYS, set(KEYS)) is None


def swapped(board, keys) -> tuple:
    at = msgspec.structs.replace(AT, api_key=keys[0].secret, keys=keys if len(keys) > 1 else ())
    there = tuple(msgspec.structs.replace(each, provider=at) for each in (ONE, TWO))
    board.forget_all_but(there)
    return there


@pytest.mark.parametrize("kind", [LIMITED, AUTH])
def test_new_keys_end_a_rest_of_all(board, kind):
    """What is known of those that stay is kept."""
    for key in KEYS:
        fail(board, key, kind, None)
    new = Key(Secret("sk-brand-new"), "4")
    one, _ = swapped(board, (*KEYS[1:], new))
    assert board.fitness(one) is None
    assert {board.keys.pick(board.record(one), one.provider.keys).name for _ in range(4)} == {"4"}


def test_the_same_keys_leave_all_as_it_is(board):
    """Another part of the configuration changed."""
    for key in KEYS:
        fail(board, key, AUTH)
    one, _ = swapped(board, KEYS)
    assert board.fitness(one) is not None


def test_a_failure_of_a_key_that_is_gone_is_nobody_s(board):
    """The request began before the swap; it may go on with a key of its own time."""
    lease = taken(board, ONE, KEYS[0])
    swapped(board, KEYS[1:])
    assert board.key_failed(lease, AUTH) is None
    board.give_back(lease)
    assert board.keys.another(lease.record, KEYS, {KEYS[0]}) == KEYS[1]


def test_who_knows_better_ends_it(board):
    """Recovered, or all forgotten."""
    for key in KEYS:
        fail(board, key, AUTH)
    board.recover(ONE)
    assert board.fitness(ONE) is None
    assert len({board.keys.pick(board.record(ONE), KEYS) for _ in range(3)}) == 3
    for key in KEYS:
        fail(board, key, AUTH)
    board.reset()
    assert len({board.keys.pick(board.record(ONE), KEYS) for _ in range(3)}) == 3


def test_questions_beside_the_traffic_use_a_key_that_does_not_rest(board):
    """Of a provider that nobody was asked at, the first; with one key, what it has."""
    fail(board, KEYS[0], AUTH, LONG)
    assert {board.keys.beside(AT).name for _ in range(4)} == {"team-b", "3"}
    elsewhere = msgspec.structs.replace(AT, name="elsewhere")
    assert board.keys.beside(elsewhere) == KEYS[0]
    assert board.keys.beside(provider("alone", api_key=Secret("k"))) is None


def test_what_is_counted_of_each(board):
    """By name, and nothing of its text."""
    fail(board, board.keys.pick(board.record(ONE), KEYS), AUTH)
    counts = {count.key: count for count in board.keys.counts()}
    assert list(counts) == ["1", "team-b", "3"]
    assert (counts["1"].sent, dict(counts["1"].failures), counts["1"].rests) == (1, {"auth": 1}, True)
    assert (counts["3"].sent, dict(counts["3"].failures), counts["3"].rests) == (0, {}, False)
    assert "secret" not in repr(counts)


class Keyed(RuleBasedStateMachine):
    """Failures of any key at any deployment, answers, time, and new configurations, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.board = made(self.clock)
        self.members, self.open = (ONE, TWO), []

    @property
    def keys(self) -> tuple[Key, ...]:
        return self.members[0].provider.keys

    @rule(seconds=st.floats(0.01, 300.0))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @rule(which=st.integers(0, 1))
    def asks(self, which):
        """Never with a key that rests while another may be used."""
        lease = taken(self.board, self.members[which])
        fit = self.usable(self.members[which])
        assert lease.key in fit or not fit
        self.open.append(lease)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), kind=st.sampled_from(sorted(OF_KEYS, key=str)), told=st.none() | st.floats(0.1, 400.0))
    def fails(self, data, kind, told):
        """It is told how long all rest, or that another key may be used, and both are so."""
        lease = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        back = self.board.key_failed(lease, kind, told)
        self.board.give_back(lease)
        fit = self.usable(lease.record.deployment)
        assert (back is None) == bool(fit) or lease.key not in self.keys
        assert back is None or back == pytest.approx(self.board.wait(lease.record.deployment))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def delivers(self, data):
        lease = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        self.board.key_delivered(lease)
        self.board.succeeded(lease, 1)
        self.board.give_back(lease)

    @rule(names=st.lists(st.sampled_from("abcdef"), min_size=2, max_size=4, unique=True))
    def reloads(self, names):
        self.members = swapped(self.board, tuple(Key(Secret(f"sk-{name}"), name) for name in names))

    def usable(self, member) -> list[Key]:
        record, now = self.board.record(member), self.clock()
        rings = [ring for ring in (record.place.keys, record.keys) if ring is not None]
        return [key for key in self.keys if all(ring.until(key) <= now for ring in rings)]

    @invariant()
    def who_has_no_key_rests_and_nobody_else(self):
        for member in self.members:
            reason = self.board.fitness(member)
            assert (reason is None) == bool(self.usable(member))
            assert reason is None or reason.startswith(f"all {len(self.keys)} keys rest: ")


TestKeyed = Keyed.TestCase
