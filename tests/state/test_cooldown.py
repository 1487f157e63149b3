"""When a deployment rests after being told to, or after too many failures, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.state.cooldown import LONGEST, Cooldown, CooldownSettings

NOW = 1000.0
kinds = st.sampled_from(list(FailureKind))
waits = st.none() | st.floats(0, 1e9)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_only_the_kinds_that_speak_for_themselves_rest_at_once(kind):
    """One failure is a rest for a rate limit, a spent quota or refused credentials, and for no other kind."""
    cooldown = Cooldown(CooldownSettings(seconds=7.0))
    cooldown.failed(NOW, kind, None)
    assert (cooldown.until == NOW + 7.0) == CONSEQUENCES[kind].rests


@pytest.mark.parametrize(
    ("told", "length"), [(2.5, 2.5), (LONGEST, LONGEST), (LONGEST + 1, LONGEST), (1e300, LONGEST), (0.001, 0.001)]
)
def test_an_upstream_that_names_a_time_is_believed_up_to_the_longest(told, length):
    """Retry-After is the length of the rest, but no upstream silences a deployment for hours."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, FailureKind.OVERLOADED, told)
    assert cooldown.until == NOW + length


@pytest.mark.parametrize("allowed", [0, 1, 5])
def test_more_failures_than_allowed_in_a_minute_are_a_rest(allowed):
    """The allowed ones are borne, the next is not."""
    cooldown = Cooldown(CooldownSettings(allowed_fails=allowed, seconds=5.0))
    for n in range(allowed):
        cooldown.failed(NOW + n, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == 0.0
    cooldown.failed(NOW + allowed, FailureKind.SERVER_ERROR, None)
    assert (cooldown.until, cooldown.cause) == (NOW + allowed + 5.0, FailureKind.SERVER_ERROR)


def test_failures_older_than_a_minute_are_forgiven():
    """Spread widely enough, any number of failures is borne."""
    cooldown = Cooldown(CooldownSettings(allowed_fails=1))
    for n in range(100):
        cooldown.failed(NOW + 60.0 * n, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == 0.0


def test_without_an_allowance_failures_alone_never_rest():
    """The breaker alone judges them."""
    cooldown = Cooldown(CooldownSettings())
    for _ in range(1000):
        cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == 0.0


@given(st.lists(st.tuples(st.floats(0, 100), kinds, waits), max_size=30), st.none() | st.integers(0, 3))
def test_a_rest_is_extended_and_never_cut_short(failures, allowed):
    """A later failure with a short Retry-After does not end an earlier long rest; none is longer than the longest."""
    cooldown, now, end = Cooldown(CooldownSettings(allowed)), NOW, 0.0
    for step, kind, told in failures:
        now += step
        cooldown.failed(now, kind, told)
        assert end <= cooldown.until <= max(end, now + LONGEST)
        end = cooldown.until


def test_the_cause_is_that_of_the_end_that_counts():
    """Who asks why is told the failure that set the end, not the latest one."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, FailureKind.RATE_LIMITED, 60.0)
    cooldown.failed(NOW, FailureKind.AUTH, None)
    assert cooldown.cause is FailureKind.RATE_LIMITED


def test_new_settings_hold_from_the_next_failure_on():
    """A configuration that was swapped in changes the length of rests, and a running one goes on."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0))
    cooldown.failed(NOW, FailureKind.AUTH, None)
    cooldown.settle(CooldownSettings(allowed_fails=0, seconds=50.0))
    assert cooldown.until == NOW + 5.0
    cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == NOW + 50.0
    cooldown.settle(CooldownSettings(seconds=500.0))
    cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == NOW + 50.0


@pytest.mark.parametrize(
    ("told", "configured", "length"),
    [
        (None, 60.0, 60.0),
        (10.0, 60.0, 60.0),
        (90.0, 60.0, 90.0),
        (1e6, 60.0, LONGEST),
        (1e6, 400.0, 400.0),
        (None, 0.0, 0.0),
    ],
)
def test_after_a_rate_limit_the_longer_of_what_is_told_and_what_is_configured_counts(told, configured, length):
    """The upstream knows when it will answer again; the configuration may want to be sure."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0, rate_limited=configured))
    cooldown.failed(NOW, FailureKind.RATE_LIMITED, told)
    assert max(cooldown.until - NOW, 0.0) == length


def test_a_reset_ends_the_rest_and_counts_failures_afresh():
    """As new."""
    cooldown = Cooldown(CooldownSettings(allowed_fails=1))
    for _ in range(2):
        cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    cooldown.reset()
    assert (cooldown.until, cooldown.cause) == (0.0, None)
    cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == 0.0


def test_what_is_configured_for_rate_limits_holds_for_no_other_kind():
    """Refused credentials rest for the usual time."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0, rate_limited=60.0))
    cooldown.failed(NOW, FailureKind.AUTH, None)
    assert cooldown.until == NOW + 5.0
