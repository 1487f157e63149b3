"""fastest_response, latency-based-routing, p2c-ewma: whose time counts, which time, and what failures do to it."""

from __future__ import annotations

import pytest

from pointsman.config.settings import Strategies
from pointsman.fakes import FakeView, LoadedDice, deployment, request
from pointsman.model.view import Standing
from pointsman.routing.strategies.fastest_response import FastestResponse
from pointsman.routing.strategies.latency_based_routing import LatencyBasedRouting
from pointsman.routing.strategies.p2c_ewma import P2cEwma

POOL = tuple(deployment(f"d{n}") for n in range(3))
DRAWS = [0.0, 0.34, 0.67, 0.99]


def view(*standings: Standing, **more) -> FakeView:
    return FakeView(dict(zip((d.id for d in POOL), standings, strict=False)), **more)


def picked(strategy, now: FakeView, settings=Strategies(), stream=False, draws=DRAWS) -> set[str]:  # noqa: B008  frozen
    """Who may be picked, over a table of draws."""
    pool = POOL[: len(now.known)]
    made, asked = strategy("m", pool, settings), request(stream=stream)
    return {pool[made.pick(asked, now, LoadedDice([draw]))[0]].id for draw in draws}


def timed(first_token=None, latency=1.0, per_token=None, peak=None, success_rate=1.0) -> Standing:
    return Standing(99, success_rate, latency, first_token, per_token, peak)


def test_the_lowest_p95_to_the_first_token_wins():
    """However long the whole answer takes."""
    assert picked(FastestResponse, view(timed(0.3, 1.0), timed(0.2, 9.0), timed(0.4, 0.5))) == {"d1"}


def test_measure_latency_looks_at_whole_answers():
    """``measure: latency`` in place of the time to the first token."""
    now = view(timed(0.3, 1.0), timed(0.2, 9.0), timed(0.4, 0.5))
    assert picked(FastestResponse, now, Strategies(measure="latency")) == {"d2"}


def test_only_like_is_compared_with_like():
    """Where one member never streamed, whole answers are compared: a first token is always sooner than an answer."""
    assert picked(FastestResponse, view(timed(0.3, 3.0), timed(None, 2.0))) == {"d1"}
    assert picked(LatencyBasedRouting, view(timed(None, 3.0, 0.01), timed(None, 2.0))) == {"d1"}


@pytest.mark.parametrize("strategy", [FastestResponse, LatencyBasedRouting])
def test_who_never_delivered_comes_last(strategy):
    """It has results, all of them failures: it is neither new nor fast."""
    assert picked(strategy, view(timed(0.3), Standing(3, 0.0))) == {"d0"}


def test_fastest_response_says_winner_figure_and_runner_up():
    """In seconds; of a newcomer, that nothing is known."""
    made = FastestResponse("m", POOL[:2], Strategies())
    known, new = view(timed(0.3), timed(0.2)), view(timed(0.3), Standing())
    assert made.pick(request(), known, LoadedDice())[1].reason == (
        "fastest_response: d1 takes 0.200 s to the first token (p95); next: d0 takes 0.300 s to the first token (p95)"
    )
    assert made.pick(request(), new, LoadedDice())[1].reason == (
        "fastest_response: d1 has no results to go by; next: d0 takes 0.300 s to the first token (p95)"
    )


def test_failing_tries_make_a_time_longer():
    """0.2 s with one try of two failing is 0.4 s, give or take the one success on credit."""
    rows = FastestResponse("m", POOL[:1], Strategies()).terms(request(), view(timed(0.2, success_rate=0.5)))
    assert rows[0]["first_token"] == pytest.approx(0.4, rel=0.02)


@pytest.mark.parametrize(
    ("buffer", "expected"), [(0.0, {"d0"}), (0.1, {"d0"}), (0.5, {"d0", "d1"}), (1.0, {"d0", "d1", "d2"})]
)
def test_anybody_within_the_buffer_may_be_picked(buffer, expected):
    """0.02, 0.03 and 0.04 seconds a token."""
    now = view(timed(per_token=0.02), timed(per_token=0.03), timed(per_token=0.04))
    assert picked(LatencyBasedRouting, now, Strategies(buffer=buffer)) == expected


def test_a_stream_is_compared_by_its_first_token():
    """What is not streamed, by seconds a completion token."""
    now = view(timed(0.1, per_token=0.09), timed(0.5, per_token=0.01))
    assert picked(LatencyBasedRouting, now, stream=True) == {"d0"}
    assert picked(LatencyBasedRouting, now, stream=False) == {"d1"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [([0.0, 0.0], "d0"), ([0.0, 0.99], "d2"), ([0.4, 0.99], "d2"), ([0.4, 0.0], "d0"), ([0.99, 0.99], "d2")],
    ids=["0 and 1", "0 and 2", "1 and 2", "1 and 0", "2 and 1"],
)
def test_of_two_drawn_the_less_loaded_is_picked(table, expected):
    """Loads of 2, 4 and 1: peak * (in flight + 1)."""
    now = view(timed(peak=1.0), timed(peak=1.0), timed(peak=0.5), loads={"d0": 1, "d1": 3, "d2": 1})
    index, step = P2cEwma("m", POOL, Strategies()).pick(request(), now, LoadedDice(table))
    assert POOL[index].id == expected
    assert step.reason.endswith("of two drawn from 3")


def test_a_busy_fast_one_yields_to_an_idle_slow_one():
    """Twice as fast, but two are under way."""
    assert picked(P2cEwma, view(timed(peak=1.0), timed(peak=2.0), loads={"d0": 2})) == {"d1"}


def test_of_two_drawn_the_requests_of_others_count_where_they_are_known():
    """An idle one from here may be busy for others; a newcomer is tried all the same, by one request at a time."""
    assert picked(P2cEwma, view(timed(peak=1.0), timed(peak=1.0), loads={"d0": 1}, others={"d1": 2})) == {"d0"}
    assert picked(P2cEwma, view(timed(peak=1.0), Standing(), others={"d1": 9})) == {"d1"}
    assert picked(P2cEwma, view(timed(peak=1.0), Standing(), loads={"d1": 1}, others={"d1": 9})) == {"d0"}


def test_who_never_delivered_is_loaded_more_than_anybody():
    """And among several of them the less busy is."""
    assert picked(P2cEwma, view(Standing(3, 0.0), timed(peak=60.0), loads={"d1": 5})) == {"d1"}
    assert picked(P2cEwma, view(Standing(3, 0.0), Standing(3, 0.0), loads={"d1": 5})) == {"d0"}


def test_the_terms_of_a_load_multiply_up_to_it():
    """Peak, requests in flight, load."""
    rows = P2cEwma("m", POOL[:1], Strategies()).terms(request(), view(timed(peak=0.5), loads={"d0": 3}))
    assert rows == [{"peak": 0.5, "in_flight": 3, "load": 2.0}]
