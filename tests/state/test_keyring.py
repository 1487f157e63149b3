"""Keys in turn: who rests is passed over, all others have the same share, and everybody comes back."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.model.outcome import FailureKind
from pointsman.model.secret import Key, Secret
from pointsman.state.cooldown import LONGEST, CooldownSettings
from pointsman.state.keyring import LONG, LONGEST_GUESS, TRIAL, Keyring, back
from pointsman.state.keys import OF_KEYS

SETTINGS = CooldownSettings()
KINDS = sorted(OF_KEYS, key=lambda kind: kind.value)
LIMITED, QUOTA, AUTH = FailureKind.RATE_LIMITED, FailureKind.QUOTA, FailureKind.AUTH


def made(count: int) -> tuple[Key, ...]:
    return tuple(Key(Secret(f"sk-{number}"), str(number)) for number in range(1, count + 1))


def names(ring: Keyring, keys: tuple[Key, ...], times: int, now: float = 0.0) -> list[str]:
    return [ring.pick(keys, now).name for _ in range(times)]


def fail(ring: Keyring, key: Key, kind: FailureKind, now: float, told: float | None = None) -> float:
    """Seconds that it rests for then."""
    ring.failed(key, kind, now, now, SETTINGS, told)
    return ring.until(key) - now


@given(st.integers(1, 9), st.integers(0, 60))
def test_all_have_the_same_share(count, times):
    """Give or take one request."""
    found = Counter(names(Keyring(), made(count), times))
    shares = [found[str(number)] for number in range(1, count + 1)]
    assert max(shares) - min(shares) <= 1


@given(st.integers(2, 9), st.data())
def test_those_that_do_not_rest_have_the_same_share(count, data):
    """However many rest; the next in turn takes the place of one that does."""
    ring, keys = Keyring(), made(count)
    resting = data.draw(st.sets(st.sampled_from(keys), max_size=count - 1))
    for key in resting:
        fail(ring, key, LIMITED, 0.0, told=60.0)
    found = Counter(names(ring, keys, 5 * (count - len(resting)), now=1.0))
    assert found == {key.name: 5 for key in keys if key not in resting}


def test_they_are_asked_in_the_order_of_the_configuration():
    """Beginning with the first, so that a dry run says what will be."""
    assert names(Keyring(), made(3), 5) == ["1", "2", "3", "1", "2"]


def test_one_that_had_too_much_rests_for_as_long_as_it_is_told():
    """But no longer than any single word counts for."""
    keys = made(2)
    assert fail(Keyring(), keys[0], LIMITED, 10.0, told=7.0) == 7.0
    assert fail(Keyring(), keys[0], LIMITED, 10.0, told=9999.0) == LONGEST


@pytest.mark.parametrize(
    ("kind", "first", "most"),
    [
        (LIMITED, SETTINGS.seconds, LONGEST),
        (QUOTA, SETTINGS.quota, LONGEST_GUESS),
        (AUTH, LONG, LONGEST_GUESS),
        (FailureKind.FORBIDDEN, LONG, LONGEST_GUESS),
    ],
)
def test_without_a_word_each_rest_is_twice_the_one_before(kind, first, most):
    """Up to an end, and from the beginning again when it was good."""
    ring, (key, _) = Keyring(), made(2)
    now, rests = 0.0, []
    for _ in range(14):
        rests.append(fail(ring, key, kind, now))
        now += rests[-1]
    assert rests == [min(first * 2**n, most) for n in range(14)]
    assert ring.succeeded(key, now)
    assert fail(ring, key, kind, now) == first


def test_a_refused_key_rests_long_whatever_is_said():
    """A proxy's Retry-After of a second is no word on keys."""
    ring, (key, _) = Keyring(), made(2)
    assert fail(ring, key, AUTH, 0.0, told=1.0) == LONG


def test_failures_of_one_moment_are_one():
    """Fifty requests under way with a key that is refused are no fifty failures in a row."""
    ring, (key, _) = Keyring(), made(2)
    for ended in range(50):
        ring.failed(key, LIMITED, 10.0 + ended / 100, 9.0, SETTINGS)
    assert ring.until(key) == 10.49 + SETTINGS.seconds


def test_an_answer_from_before_the_rest_does_not_end_it():
    """It speaks of a time that is over."""
    ring, (key, _) = Keyring(), made(2)
    fail(ring, key, LIMITED, 10.0)
    assert not ring.succeeded(key, 9.0)
    assert ring.until(key) > 10.0
    assert ring.succeeded(key, 16.0)
    assert not ring.succeeded(key, 17.0)


def test_one_that_comes_back_is_tried_by_one_request():
    """The others are asked with the other keys, until it is known to be good or a while has passed."""
    ring, keys = Keyring(), made(2)
    fail(ring, keys[0], LIMITED, 0.0)
    now = SETTINGS.seconds
    assert names(ring, keys, 4, now) == ["1", "2", "2", "2"]
    assert names(ring, keys, 2, now + TRIAL) == ["1", "2"]
    ring.succeeded(keys[0], now)
    assert names(ring, keys, 4, now) == ["1", "2", "1", "2"]


def test_one_on_trial_is_better_than_one_that_rests():
    """It may be good; the other one was told to wait."""
    ring, keys = Keyring(), made(2)
    fail(ring, keys[0], LIMITED, 0.0, told=1.0)
    fail(ring, keys[1], LIMITED, 0.0, told=60.0)
    assert names(ring, keys, 3, now=2.0) == ["1", "1", "1"]


def test_if_all_rest_the_first_to_be_back_is_asked():
    """Whoever asks in need shall have the best chance there is; but nobody turns from one key to it."""
    ring, keys = Keyring(), made(3)
    for key, told in zip(keys, (30.0, 10.0, 20.0), strict=True):
        fail(ring, key, LIMITED, 0.0, told=told)
    assert ring.pick(keys, 1.0).name == "2"
    assert back(keys, (ring,)) == (10.0, LIMITED)
    assert ring.another(keys, 1.0) is None


def test_what_is_known_of_one_deployment_alone_holds_there():
    """A key that may not use one model is good for the others."""
    ring, own, keys = Keyring(), Keyring(), made(2)
    fail(own, keys[0], FailureKind.FORBIDDEN, 0.0)
    assert [ring.pick(keys, 1.0, own).name for _ in range(3)] == ["2", "2", "2"]
    assert names(ring, keys, 2, now=1.0) == ["1", "2"]


def test_other_keys_take_the_place_of_the_old():
    """What is known of those that stay is kept; one that comes again later begins anew."""
    ring, keys = Keyring(), made(3)
    for key in keys[:2]:
        fail(ring, key, AUTH, 0.0)
    ring.settle(keys[1:])
    assert [ring.until(key) > 1.0 for key in keys] == [False, True, False]
    assert {ring.pick(keys[1:], 1.0).name for _ in range(4)} == {"3"}


class Rotation(RuleBasedStateMachine):
    """Any mixture of failures, successes and time."""

    @initialize(count=st.integers(1, 5))
    def begin(self, count):
        self.keys, self.ring, self.now = made(count), Keyring(), 100.0
        self.until = dict.fromkeys(self.keys, 0.0)

    def usable(self, besides=()) -> list[Key]:
        return [key for key in self.keys if self.until[key] <= self.now and key not in besides]

    @rule(seconds=st.floats(0.001, 400.0))
    def wait(self, seconds):
        self.now += seconds

    @rule(data=st.data(), kind=st.sampled_from(KINDS), told=st.none() | st.floats(0.1, 500.0), ago=st.floats(0, 50))
    def fails(self, data, kind, told, ago):
        """A rest gets longer, never shorter, and ends."""
        key = data.draw(st.sampled_from(self.keys))
        self.ring.failed(key, kind, self.now, self.now - ago, SETTINGS, told)
        until = self.ring.until(key)
        assert self.now < until <= max(self.until[key], self.now + LONGEST_GUESS)
        assert until >= self.until[key]
        self.until[key] = until

    @rule(data=st.data())
    def delivers(self, data):
        key = data.draw(st.sampled_from(self.keys))
        self.ring.succeeded(key, self.now)
        self.until[key] = 0.0

    @rule()
    def asks(self):
        """A key that rests is never chosen while another may be; if all rest, the first to be back is."""
        key = self.ring.pick(self.keys, self.now)
        usable = self.usable()
        assert key in usable if usable else self.until[key] == min(self.until.values())

    @rule(data=st.data())
    def turns_from_some(self, data):
        """There is another key if and only if one that does not rest is left."""
        besides = data.draw(st.sets(st.sampled_from(self.keys)))
        key, usable = self.ring.another(self.keys, self.now, None, besides), self.usable(besides)
        assert key in usable if usable else key is None

    @precondition(lambda self: hasattr(self, "keys"))
    @invariant()
    def everybody_comes_back(self):
        """After the longest rest there is."""
        later = self.now + LONGEST_GUESS
        assert all(self.ring.until(key) <= later for key in self.keys)
        assert back(self.keys, (self.ring,))[0] == min(self.until.values())


TestRotation = Rotation.TestCase
