"""How many failures a minute are borne, by kind and altogether."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import CONSEQUENCES, FailureKind
from pointsman.model.rest import Allowed
from pointsman.state.allowance import Allowance

NOW = 1000.0
TIMEOUTS = frozenset({FailureKind.TIMEOUT, FailureKind.IDLE_TIMEOUT})


def verdicts(allowance: Allowance, *kinds: FailureKind, every: float = 1.0, told: float | None = None) -> list:
    return [allowance.beyond(NOW + n * every, kind, told) for n, kind in enumerate(kinds)]


@pytest.mark.parametrize("fails", [0, 1, 5])
def test_the_allowed_ones_are_borne_and_the_next_is_not(fails):
    """As LiteLLM counts: a rest comes with the failure that is one too many."""
    kinds = [FailureKind.SERVER_ERROR] * (fails + 1)
    assert verdicts(Allowance((Allowed(fails),)), *kinds) == [False] * fails + [True]


def test_failures_older_than_a_minute_are_forgotten():
    """Spread widely enough, any number of failures is borne."""
    found = verdicts(Allowance((Allowed(1),)), *[FailureKind.SERVER_ERROR] * 100, every=60.0)
    assert found == [False] * 100


def test_without_an_allowance_nothing_is_said():
    """The breaker alone judges."""
    assert verdicts(Allowance(()), *FailureKind) == [None] * len(FailureKind)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_one_for_all_is_for_failures_that_count_and_do_not_speak_for_themselves(kind):
    """A rate limit and a refused key rest at once, a bad request not at all."""
    means = CONSEQUENCES[kind]
    assert Allowance((Allowed(3),)).beyond(NOW, kind, None) is (False if means.counts and not means.rests else None)


def test_one_for_all_does_not_overrule_an_upstream_that_wants_to_rest():
    """Who says when to come back is not asked before."""
    assert verdicts(Allowance((Allowed(3),)), FailureKind.OVERLOADED, told=10.0) == [None]


@pytest.mark.parametrize("kind", [FailureKind.RATE_LIMITED, FailureKind.AUTH, FailureKind.BAD_REQUEST])
def test_one_that_names_a_kind_has_the_last_word_on_it(kind):
    """Whatever that kind means otherwise, and whatever the upstream says."""
    allowance = Allowance((Allowed(1, frozenset({kind})), Allowed(0)))
    assert verdicts(allowance, kind, kind, told=10.0) == [False, True]


def test_kinds_that_are_allowed_together_are_counted_together():
    """And apart from all others."""
    allowance = Allowance((Allowed(1, TIMEOUTS), Allowed(1)))
    found = verdicts(
        allowance, FailureKind.TIMEOUT, FailureKind.RESET, FailureKind.IDLE_TIMEOUT, FailureKind.SERVER_ERROR
    )
    assert found == [False, False, True, True]


def test_the_first_allowance_for_a_kind_counts_it():
    """A deployment's own word stands before the router's."""
    assert verdicts(Allowance((Allowed(1), Allowed(0, TIMEOUTS))), FailureKind.TIMEOUT) == [False]


def test_other_allowances_count_afresh_and_the_same_go_on():
    """A swap that changes nothing here forgets nothing."""
    allowance = Allowance((Allowed(1),))
    verdicts(allowance, FailureKind.RESET)
    allowance.settle((Allowed(1),))
    assert verdicts(allowance, FailureKind.RESET) == [True]
    allowance.settle((Allowed(2),))
    assert verdicts(allowance, FailureKind.RESET) == [False]


@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from([FailureKind.RESET, FailureKind.AUTH])), max_size=40),
)
def test_at_any_time_the_verdict_is_that_of_a_list_of_failures(fails, failures):
    """Counted by the second, as the minute is."""
    allowance, seen, now = Allowance((Allowed(fails),)), [], NOW
    for step, kind in failures:
        now += step
        found = allowance.beyond(now, kind, None)
        if kind is FailureKind.AUTH:
            assert found is None
            continue
        seen.append(int(now))
        assert found == (sum(int(now) - second < 60 for second in seen) > fails)
