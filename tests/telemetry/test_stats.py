"""The small count: every request once, under a name of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import FailureKind
from pointsman.telemetry.stats import Stats

kinds = st.lists(st.sampled_from([None, *FailureKind]), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["m", "other", "made up", None]) | st.text(max_size=3), kinds), max_size=30))
def test_the_routes_sum_to_the_total(made, asked):
    """Whatever was asked for and whatever came of it; a name that nobody listed is no route."""
    stats = Stats(["m", "other"])
    for number, (model, tried) in enumerate(asked):
        stats.count([made(*tried, model=model, number=number)])
    data = stats.data()
    assert sum(data["routes"].values()) == data["total_requests"] == len(asked)
    assert set(data["routes"]) <= {"m", "other", "exact", "none"}
    assert sum(data["providers"].values()) == sum(1 for _, tried in asked if tried)


def test_a_listed_name_counts_under_itself_and_a_made_up_one_under_its_stage(made):
    """So the answer has as many names as the configuration."""
    stats = Stats(["m"])
    for number in range(3):
        stats.count([made(None, number=number)])
        stats.count([made(None, model=f"made-up-{number}", number=10 + number)])
    assert stats.data()["routes"] == {"exact": 3, "m": 3}


def test_failures_are_those_that_did_not_deliver(made):
    """By kind, or by status where nobody could be asked; a rescued request is none."""
    stats = Stats(["m"])
    stats.count([made(None)])
    stats.count([made(FailureKind.RESET, None)])
    stats.count([made(FailureKind.RESET, status=502)])
    stats.count([made(status=503)])
    assert (stats.data()["total_requests"], stats.data()["failed_requests"]) == (4, 2)


def test_new_names_count_from_the_swap_on(made):
    """A configuration that lists more names is counted by them."""
    stats = Stats(["m"])
    stats.count([made(None, model="new")])
    stats.names = frozenset({"m", "new"})
    stats.count([made(None, model="new")])
    assert stats.data()["routes"] == {"exact": 1, "new": 1}
