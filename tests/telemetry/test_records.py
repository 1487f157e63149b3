"""The last decisions: found by their id, bounded, the oldest goes first."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.routing.explain import as_data
from pointsman.telemetry.records import Records


@given(st.integers(1, 20), st.integers(0, 60))
def test_the_newest_are_kept_and_the_oldest_go(made, most, count):
    """Exactly the last so many are found."""
    records = Records(most)
    events = [made(None, number=number) for number in range(count)]
    for event in events:
        records.count([event])
    kept = [event for event in events if records.find(event.request_id) is not None]
    assert kept == events[-most:]
    assert len(records._events) == min(most, count)
    assert [row["request_id"] for row in records.latest(most)] == [event.request_id for event in reversed(kept)]


def test_a_record_is_the_decision_and_what_came_of_it(made):
    """The same steps as every other explanation, and every attempt."""
    event = made(FailureKind.RESET, None)
    records = Records()
    records.count([event])
    found = records.find(event.request_id)
    assert found["decision"] == as_data(event.decision)
    assert found["outcome"]["ok"] is True
    assert [(a["deployment"], a["failure"]) for a in found["outcome"]["attempts"]] == [("a", "reset"), ("b", None)]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("kinds", "status", "ok"),
    [((None,), 200, True), ((FailureKind.RESET,), 502, False), ((), 503, False), ((FailureKind.CUT,), 200, False)],
)
def test_ok_means_that_the_caller_got_an_answer(made, kinds, status, ok):
    """In the record and in the list alike."""
    records = Records()
    records.count([made(*kinds, status=status)])
    assert records.find("0" * 24)["outcome"]["ok"] is ok
    assert records.latest(1)[0]["ok"] is ok


@pytest.mark.parametrize(("usage", "estimated"), [(Usage(3, 4, 7), False), (Estimate(3, 4, 7), True)])
def test_a_record_tells_counted_from_estimated_tokens(made, usage, estimated):
    """The figures, and whose they are."""
    records = Records()
    records.count([made(None, usage=usage)])
    assert records.find("0" * 24)["outcome"]["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "cached_tokens": 0,
        "written_tokens": 0,
        "estimated": estimated,
    }


def test_a_request_that_was_never_served_is_recorded_without_a_decision(made):
    """Nobody could be asked, and the record says so."""
    records = Records()
    records.count([made(status=503)])
    found = records.find("0" * 24)
    assert (found["decision"], found["outcome"]["attempts"], found["error"]) == (None, [], "no deployment delivered")


@pytest.mark.parametrize("request_id", ["", "nobody", "0" * 24])
def test_what_is_not_recorded_is_not_found(request_id):
    """None, not an error."""
    assert Records().find(request_id) is None


def test_the_list_is_as_long_as_asked_for(made):
    """Newest first, and short names of models however long they were."""
    records = Records(10)
    for number in range(5):
        records.count([made(None, number=number, model="x" * 1000)])
    rows = records.latest(3)
    assert [int(row["request_id"], 16) for row in rows] == [4, 3, 2]
    assert {len(row["model"]) for row in rows} == {200}
    assert records.latest(0) == []
