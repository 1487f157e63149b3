"""The small count: every request once, under a name of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.telemetry.stats import stats_of
from pointsman.telemetry.tally import Tally

kinds = st.lists(st.sampled_from([None, *FailureKind]), max_size=3)
models = st.sampled_from(["m", "n", "made up", None]) | st.text(max_size=3)
ways = st.sampled_from([("exact", None), ("semantic", "code"), ("semantic", "math"), ("task", "vision"), ("tag", "x")])


@given(st.lists(st.tuples(models, kinds, ways), max_size=30), st.integers(1, 40))
def test_the_routes_sum_to_the_total(made, asked, size):
    """Whatever was asked for and whatever came of it, in batches of any size; a name that nobody listed is no route."""
    tally = Tally(["m", "n"])
    events = [
        made(*tried, model=model, number=number, decision={"route": route, "task": task})
        for number, (model, tried, (route, task)) in enumerate(asked)
    ]
    for start in range(0, len(events), size):
        tally.count(events[start : start + size])
    data = stats_of(tally)
    assert sum(data["routes"].values()) == data["total_requests"] == len(asked)
    assert set(data["routes"]) <= {"m", "n", "code", "math", "vision", "other"}
    assert sum(data["providers"].values()) == sum(1 for _, tried, _ in asked if tried)


OPEN = {"choice": deployment("open", "*", provider("p"), model=None), "upstream_model": "made up"}
"""A decision for who serves any name."""


def test_a_listed_name_counts_under_itself_and_a_made_up_one_as_another(made):
    """So the answer has as many names as the configuration."""
    tally = Tally(["m"])
    for number in range(3):
        tally.count([made(None, number=number)])
        tally.count([made(None, model=f"made-up-{number}", number=10 + number, decision=OPEN)])
    assert stats_of(tally)["routes"] == {"m": 3, "other": 3}


@pytest.mark.parametrize("asked", [None, "made up"])
def test_a_request_without_a_public_name_counts_under_that_of_who_took_it(made, asked):
    """The choice's own name; where that is open to any, the one that it was called by, if the configuration has it."""
    tally = Tally(["m", "house"])
    tally.count([made(None, model=asked, decision={"route": "metadata"})])
    tally.count([made(None, model=asked, decision={**OPEN, "upstream_model": "house"})])
    assert stats_of(tally)["routes"] == {"m": 1, "house": 1}


@pytest.mark.parametrize(("route", "name"), [("capability", "coding"), ("pattern", "other")])
def test_a_capability_counts_where_the_model_has_no_name(made, route, name):
    """If it decided, not if a caller mentions one beside a name."""
    tally = Tally(["m"])
    wanted = {"hints": Hints(capability="coding")}
    tally.count([made(None, model="made up", decision={**OPEN, "route": route}, finished=wanted)])
    tally.count([made(None, model="made up", decision={"route": route}, finished=wanted)])
    assert stats_of(tally)["routes"] == {"m": 1, name: 1}


@pytest.mark.parametrize(("route", "name"), [("semantic", "code"), ("task", "code"), ("exact", "m"), ("tag", "m")])
def test_where_content_decided_its_label_is_the_name(made, route, name):
    """A category or a task; a task that a caller only mentions is no route."""
    tally = Tally(["m"])
    tally.count([made(None, decision={"route": route, "task": "code"})])
    assert stats_of(tally)["routes"] == {name: 1}


def test_the_answer_begins_as_the_semantic_router_document_shows_it(made):
    """Total and routes first, and more keys beside them."""
    tally = Tally(["m"])
    for label, times in (("code", 35), ("math", 25), ("general", 40)):
        tally.count([made(None, model=None, decision={"route": "semantic", "task": label})] * times)
    data = stats_of(tally)
    assert list(data)[:2] == ["total_requests", "routes"]
    assert data["total_requests"] == 100
    assert data["routes"] == {"code": 35, "math": 25, "general": 40}


def test_failures_are_those_that_did_not_deliver(made):
    """By kind, or by status where nobody could be asked; a rescued request is none."""
    tally = Tally(["m"])
    tally.count([made(None)])
    tally.count([made(FailureKind.RESET, None)])
    tally.count([made(FailureKind.RESET, status=502)])
    tally.count([made(status=503)])
    assert (stats_of(tally)["total_requests"], stats_of(tally)["failed_requests"]) == (4, 2)


def test_new_names_count_from_the_swap_on(made):
    """A configuration that lists more names is counted by them."""
    tally = Tally(["m"])
    for names in ({"m"}, {"m", "new"}):
        tally.names = frozenset(names)
        tally.count([made(None, model="new", decision=OPEN)])
    assert stats_of(tally)["routes"] == {"other": 1, "new": 1}
