"""Who is degraded, from when and for how long, against a list of errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import RestSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, settings
from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.runtime import Runtime
from pointsman.state.degraded import Degraded, DegradedSettings
from pointsman.state.health import LIMITS

RULE = DegradedSettings(threshold=3, window=300.0)
NOW = 1000.0


def after(*times: float, rule: DegradedSettings | None = RULE) -> Degraded:
    degraded = Degraded(rule)
    for time in times:
        degraded.failed("one", time)
    return degraded


def test_so_many_errors_within_the_window_degrade():
    """Two do not, the third does, until a window after it."""
    assert after(NOW, NOW + 1).until == {}
    assert after(NOW, NOW + 1, NOW + 300).until == {"one": NOW + 600}


def test_errors_further_apart_do_not():
    """However many there are."""
    assert after(*[NOW + 151 * n for n in range(50)]).until == {}


def test_another_error_makes_it_last_longer():
    """Counted from the last one."""
    assert after(NOW, NOW, NOW, NOW + 200).until == {"one": NOW + 500}


def test_without_a_rule_nobody_is_degraded():
    """And nothing is kept."""
    degraded = after(*[NOW] * 100, rule=None)
    assert (degraded.until, degraded._errors) == ({}, {})


@pytest.mark.parametrize("threshold", [0, 1])
def test_the_least_threshold_is_one(threshold):
    """Nobody is degraded for no error at all."""
    assert after(rule=DegradedSettings(threshold)).until == {}
    assert set(after(NOW, rule=DegradedSettings(threshold)).until) == {"one"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 400)), max_size=40), st.integers(1, 5))
def test_at_any_time_those_are_degraded_whom_a_list_of_errors_condemns(errors, threshold):
    """An error with enough others in the window before it condemns until a window after it."""
    degraded, seen, now = Degraded(DegradedSettings(threshold, 300.0)), [], NOW
    for name, step in errors:
        now += step
        degraded.recover(now)
        degraded.failed(name, now)
        seen.append((name, now))
    degraded.recover(now + 100)
    condemned = set()
    for name, at in seen:
        before = [t for n, t in seen if n == name and t <= at]
        if len(before) >= threshold and at - before[-threshold] <= 300.0 and at + 300.0 > now + 100:
            condemned.add(name)
    assert set(degraded.until) == condemned
    assert all(len(kept) <= threshold for kept in degraded._errors.values())


def house(**rest) -> Runtime:
    return Runtime(
        settings(deployment("a"), deployment("b"), rest=RestSettings(**rest)), clock=FakeClock(), dice=LoadedDice()
    )


def fail(runtime: Runtime, kind: FailureKind, times: int = 1) -> None:
    board = runtime.board
    for _ in range(times):
        lease = board.take(runtime.topology.deployments[0])
        board.failed(lease, kind)
        board.give_back(lease)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_the_configuration_says_how_many_errors_and_for_how_long(kind):
    """Kinds that count, but for limits, which have a rule of their own; and then the present is calm again."""
    runtime = house(error_threshold=3, error_window=60.0)
    fail(runtime, kind, 2)
    assert set(runtime.board.degraded) == set()
    fail(runtime, kind)
    counts = CONSEQUENCES[kind].counts and kind not in LIMITS
    assert set(runtime.board.degraded) == ({"a"} if counts else set())
    runtime.board.clock.advance(59.0)
    assert set(runtime.board.degraded) == ({"a"} if counts else set())
    runtime.board.clock.advance(1.0)
    assert set(runtime.board.degraded) == set()


def test_a_swap_keeps_who_is_degraded_unless_the_rule_is_gone():
    """A new configuration is no pardon; without the rule there is nothing to be pardoned for."""
    runtime = house(error_threshold=2)
    fail(runtime, FailureKind.SERVER_ERROR, 2)
    members = runtime.topology.deployments
    runtime.swap(settings(*members, rest=RestSettings(error_threshold=5)))
    assert set(runtime.board.degraded) == {"a"}
    runtime.swap(settings(*members))
    assert set(runtime.board.degraded) == set()


def test_who_is_gone_is_not_degraded():
    """Nothing is remembered of a deployment that is not there any more."""
    runtime = house(error_threshold=1)
    fail(runtime, FailureKind.SERVER_ERROR)
    runtime.swap(settings(deployment("b"), rest=RestSettings(error_threshold=1)))
    assert (set(runtime.board.degraded), runtime.board.health.degraded._errors) == (set(), {})


def test_a_rate_limit_rests_for_as_long_as_the_configuration_says():
    """``rate_limited_fallback`` comes before ``cooldown_time``, a deployment's own included."""
    runtime = house(rate_limited=60.0)
    fail(runtime, FailureKind.RATE_LIMITED)
    assert runtime.board.wait(runtime.topology.deployments[0]) == 60.0
