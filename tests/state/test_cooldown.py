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
    cooldown = Cooldown(CooldownSettings(seconds=7.0, quota=70.0))
    cooldown.failed(NOW, kind, None)
    length = {FailureKind.QUOTA: 70.0}.get(kind, 7.0)
    assert cooldown.until == cooldown.told == (NOW + length if CONSEQUENCES[kind].rests else 0.0)


@pytest.mark.parametrize(
    ("told", "length"), [(2.5, 2.5), (LONGEST, LONGEST), (LONGEST + 1, LONGEST), (1e300, LONGEST), (0.001, 0.001)]
)
def test_an_upstream_that_names_a_time_is_believed_up_to_the_longest(told, length):
    """Retry-After is the length of the rest, but no upstream silences a deployment for hours."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, FailureKind.OVERLOADED, told)
    assert cooldown.until == NOW + length


def test_what_is_beyond_the_allowance_rests_as_a_guess():
    """The upstream did not say so."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0))
    cooldown.failed(NOW, FailureKind.SERVER_ERROR, None, beyond=True)
    assert (cooldown.until, cooldown.told, cooldown.cause) == (NOW + 5.0, 0.0, FailureKind.SERVER_ERROR)


@pytest.mark.parametrize(("kind", "forgiven"), [(FailureKind.SERVER_ERROR, True), (FailureKind.RATE_LIMITED, False)])
def test_only_a_guess_is_forgiven(kind, forgiven):
    """Who delivers all the same was well; who asked for a rest still has it."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, kind, None, beyond=True)
    cooldown.forgive(NOW + 1.0)
    assert (cooldown.until == 0.0) == forgiven


def test_without_an_allowance_failures_alone_never_rest():
    """The breaker alone judges them."""
    cooldown = Cooldown(CooldownSettings())
    for _ in range(1000):
        cooldown.failed(NOW, FailureKind.SERVER_ERROR, None)
    assert cooldown.until == 0.0


@given(st.lists(st.tuples(st.floats(0, 100), kinds, waits, st.sampled_from([None, True])), max_size=30))
def test_a_rest_is_extended_and_never_cut_short(failures):
    """A later failure with a short Retry-After does not end an earlier long rest; none is longer than the longest."""
    cooldown, now, end, told_end = Cooldown(CooldownSettings()), NOW, 0.0, 0.0
    for step, kind, told, beyond in failures:
        now += step
        cooldown.failed(now, kind, told, beyond)
        assert end <= cooldown.until <= max(end, now + LONGEST)
        assert told_end <= cooldown.told <= cooldown.until
        end, told_end = cooldown.until, cooldown.told


def test_the_cause_is_that_of_the_end_that_counts():
    """Who asks why is told the failure that set the end, not the latest one."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, FailureKind.RATE_LIMITED, 60.0)
    cooldown.failed(NOW, FailureKind.AUTH, None)
    assert cooldown.cause is FailureKind.RATE_LIMITED


def test_new_settings_hold_from_the_next_failure_on():
    """A configuration that was swapped in changes the length of rests, and a running one goes on."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0))
    cooldown.failed(NOW, FailureKind.FORBIDDEN, None)
    cooldown.settings = CooldownSettings(seconds=50.0)
    assert cooldown.until == NOW + 5.0
    cooldown.failed(NOW, FailureKind.FORBIDDEN, None)
    assert cooldown.until == NOW + 50.0


@pytest.mark.parametrize("kind", [FailureKind.RATE_LIMITED, FailureKind.QUOTA])
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
def test_after_a_rate_limit_the_longer_of_what_is_told_and_what_is_configured_counts(kind, told, configured, length):
    """The upstream knows when it will answer again; the configuration may want to be sure."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0, rate_limited=configured, quota=0.0))
    cooldown.failed(NOW, kind, told)
    assert max(cooldown.until - NOW, 0.0) == length


def test_a_reset_ends_the_rest():
    """As new."""
    cooldown = Cooldown(CooldownSettings())
    cooldown.failed(NOW, FailureKind.AUTH, 20.0)
    cooldown.reset()
    assert (cooldown.until, cooldown.told, cooldown.cause) == (0.0, 0.0, None)


def test_what_is_configured_for_rate_limits_holds_for_no_other_kind():
    """Refused credentials rest for the usual time."""
    cooldown = Cooldown(CooldownSettings(seconds=5.0, rate_limited=60.0))
    cooldown.failed(NOW, FailureKind.AUTH, None)
    assert cooldown.until == NOW + 5.0
