"""Counting: together or one by one it comes to the same, and what is recent is recent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.outcome import FailureKind
from pointsman.telemetry.recent import MOST, WIDTH, Recent
from pointsman.telemetry.tally import INSTANTS, SECONDS, Histogram, Tally

SPAN = WIDTH * MOST

kinds = st.lists(st.sampled_from([None, *FailureKind]), max_size=3)
asked = st.tuples(
    st.sampled_from(["m", "odd", None]),
    kinds,
    st.sampled_from(["exact", "pattern", "tag"]),
    st.floats(1e-9, 2),
    st.floats(0, 400),
)


def counted(tally: Tally) -> tuple:
    """All that is counted."""
    served = {
        name: (one.seconds.counts, one.failures, one.prompt_tokens, one.completion_tokens, one.provider)
        for name, one in tally.served.items()
    }
    return dict(tally.ways), served, tally.failed, tally.fallbacks, tally.decided.counts


@given(st.lists(asked, max_size=30), st.integers(1, 40))
def test_batches_change_nothing(made, requests, size):
    """Alike requests are counted together, and every count is the same as one by one, the recent ones too."""
    at = 1_000_000.0
    events = []
    for number, (model, tried, route, decided, passed) in enumerate(requests):
        at += passed
        finished = {"at": at, "decided": decided}
        events.append(made(*tried, model=model, number=number, decision={"route": route}, finished=finished))
    together, single = Tally(["m"]), Tally(["m"])
    for start in range(0, len(events), size):
        together.count(events[start : start + size])
    for event in events:
        single.count([event])
    assert counted(together) == counted(single)
    assert together.decided.total == pytest.approx(single.decided.total)
    now = at + 2
    assert sum(together.recent.sums(now).values()) == pytest.approx(sum(single.recent.sums(now).values()))


def test_an_empty_batch_counts_nothing():
    """Somebody looked before anybody asked."""
    tally = Tally([])
    tally.count([])
    assert (dict(tally.ways), tally.recent.sums(0.0)) == ({}, {})


@pytest.mark.parametrize(("later", "left"), [(0, 2), (SPAN - 2 * WIDTH, 2), (SPAN - 1, 1), (SPAN + WIDTH, 0), (1e9, 0)])
def test_five_minutes_later_it_is_recent_no_more(later, left):
    """To the slot: what is older goes, however long nobody looked."""
    recent: Recent[str] = Recent()
    recent.at(WIDTH * 100)["x"] += 1
    recent.at(WIDTH * 101)["x"] += 1
    assert recent.sums(WIDTH * 101 + later).get("x", 0) == left


def test_what_comes_late_is_counted_with_the_newest():
    """Requests end in another order than they are told in, now and then."""
    recent: Recent[str] = Recent()
    recent.at(1000.0)["x"] += 1
    recent.at(900.0)["x"] += 1
    assert recent.sums(1000.0) == {"x": 2}


def test_no_more_is_kept_than_five_minutes():
    """A slot for each quarter of a minute at most, whatever the time."""
    recent: Recent[int] = Recent()
    for number in range(1000):
        recent.at(number * WIDTH)[number] += 1
    assert len(recent._slots) == MOST
    assert set(recent.sums(999 * WIDTH)) == set(range(1000 - MOST, 1000))


@given(st.lists(st.floats(0, 1000), max_size=50), st.sampled_from([SECONDS, INSTANTS]))
def test_buckets_add_up(values, edges):
    """Cumulative, ending with all; each value in the first bucket that holds it."""
    histogram = Histogram(edges)
    for one in values:
        histogram.observe(one)
    buckets = histogram.buckets()
    assert [count for _, count in buckets] == [*(sum(one <= edge for one in values) for edge in edges), len(values)]
    assert histogram.total == pytest.approx(sum(values))
