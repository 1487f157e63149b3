"""usage_based, performance, hybrid: scores worked out by hand, and who wins by them."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from pointsman.config.settings import Strategies, Weights
from pointsman.fakes import FakeView, LoadedDice, deployment, request
from pointsman.model.request import Hints
from pointsman.model.view import Standing
from pointsman.routing.strategies.hybrid import Hybrid
from pointsman.routing.strategies.performance import Performance
from pointsman.routing.strategies.usage_based import EXPLORING, UsageBased

MILLION = 1e-6
NOT_EXPLORING = 0.5


def priced(name: str, dollars: float | None):
    """A member that charges so many dollars for a million tokens of either kind."""
    cost = None if dollars is None else dollars * MILLION
    return deployment(name, input_cost=cost, output_cost=cost)


def results(latency: float, success_rate: float = 1.0, samples: int = 99) -> Standing:
    return Standing(samples, success_rate, latency)


def scores(pool, view, weights=Weights()) -> list[float]:  # noqa: B008  frozen
    made = UsageBased("m", pool, Strategies(weights=weights))
    return [row["score"] for row in made.terms(request(), view)]


def picked(strategy, pool, view, settings=Strategies(), asked=None, draw=NOT_EXPLORING) -> str:  # noqa: B008  frozen
    index, _ = strategy("m", pool, settings).pick(asked or request(), view, LoadedDice([draw]))
    return pool[index].id


def test_the_score_is_the_weighted_sum_of_parts_of_the_best():
    """0.4 of the lowest latency over its own, 0.4 of the success rate, 0.2 of the lowest cost over its own."""
    pool = (priced("fast", 4.0), priced("cheap", 1.0))
    view = FakeView({"fast": results(0.5, 0.9), "cheap": results(2.0, 1.0)})
    assert scores(pool, view) == pytest.approx([0.4 + 0.36 + 0.05, 0.1 + 0.4 + 0.2])


def test_the_literal_score_is_the_formula_as_it_stands():
    """(1/latency * 0.4) + (success_rate * 0.4) + (1/cost * 0.2), in seconds and dollars a million tokens."""
    pool = (priced("fast", 4.0), priced("cheap", 0.5))
    view = FakeView({"fast": results(0.5, 0.9), "cheap": results(2.0, 1.0)})
    literal = scores(pool, view, Weights(literal=True))
    assert literal == pytest.approx([2 * 0.4 + 0.9 * 0.4 + 0.25 * 0.2, 0.5 * 0.4 + 1.0 * 0.4 + 2.0 * 0.2])


@pytest.mark.parametrize("literal", [False, True])
def test_what_costs_or_takes_nothing_divides_by_nothing(literal):
    """A free model and an answer in no time at all have finite scores, in both forms."""
    pool = (priced("free", 0.0), priced("paid", 1.0))
    view = FakeView({"free": results(0.0), "paid": results(1.0)})
    free, paid = scores(pool, view, Weights(literal=literal))
    assert paid < free < float("inf")


def test_a_free_model_does_not_win_everything():
    """Ten times slower, or failing half the time, it loses to one that charges; equally good, it wins."""
    pool = (priced("free", 0.0), priced("paid", 1.0))
    slow = FakeView({"free": results(10.0), "paid": results(1.0)})
    flaky = FakeView({"free": results(1.0, 0.4), "paid": results(1.0)})
    alike = FakeView({"free": results(1.0), "paid": results(1.0)})
    assert [picked(UsageBased, pool, view) for view in (slow, flaky, alike)] == ["paid", "paid", "free"]


def test_an_unknown_cost_is_the_pools_median():
    """Of 1, 2 and 9 dollars it is 2; where nobody says a price, all are equal."""
    pool = (priced("one", 1.0), priced("two", 2.0), priced("nine", 9.0), priced("unknown", None))
    view = FakeView({d.id: results(1.0) for d in pool})
    made = UsageBased("m", pool, Strategies())
    terms = {d.id: row["cost_term"] for d, row in zip(pool, made.terms(request(), view), strict=True)}
    assert terms["unknown"] == terms["two"] == pytest.approx(0.1)
    silent = (priced("a", None), priced("b", None))
    assert len(set(scores(silent, FakeView()))) == 1


@pytest.mark.parametrize(
    ("weights", "expected"),
    [(Weights(1, 0, 0), "fast"), (Weights(0, 1, 0), "sound"), (Weights(0, 0, 1), "cheap")],
)
def test_the_weights_say_what_counts(weights, expected):
    """All the weight on one factor: the best by that factor wins."""
    pool = (priced("fast", 9.0), priced("sound", 8.0), priced("cheap", 1.0))
    view = FakeView({"fast": results(0.1, 0.8), "sound": results(3.0, 1.0), "cheap": results(4.0, 0.9)})
    assert picked(UsageBased, pool, view, Strategies(weights=weights)) == expected


def test_one_request_in_twenty_explores():
    """Over 100,000 seeded draws the one that never wins gets its part of the exploring twentieth, and no more."""
    pool = (priced("best", 1.0), priced("worst", 9.0))
    view = FakeView({"best": results(1.0), "worst": results(9.0, 0.5)})
    made, dice, count = UsageBased("m", pool, Strategies()), Random(1), 100_000
    counts = Counter(made.pick(request(), view, dice)[0] for _ in range(count))
    share = EXPLORING / 2
    assert abs(counts[1] - count * share) <= 3 * (count * share * (1 - share)) ** 0.5


def test_exploring_is_told():
    """Winner, figure, runner-up; and that it was chance, when it was."""
    pool = (priced("best", 1.0), priced("worst", 9.0))
    view = FakeView({"best": results(1.0), "worst": results(4.0, 0.5)})
    made = UsageBased("m", pool, Strategies())
    said = [made.pick(request(), view, LoadedDice(table))[1].reason for table in ([0.5], [0.0, 0.99])]
    assert said == [
        "usage_based: best scores 1.000; next: worst scores 0.322",
        "usage_based: worst scores 0.322; next: best scores 1.000 (exploring, as one request in twenty is)",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (results(2.0, 1.0), results(1.0, 0.7)),
        (results(1.0, 1.0), results(2.0, 1.0)),
        (results(1.0, 0.97), results(2.0, 1.0)),
    ],
    ids=["reliable before fast", "fast among the reliable", "much faster before a little more reliable"],
)
def test_performance_weighs_success_before_latency(one, other):
    """A failure costs the caller more than time."""
    pool = (deployment("one"), deployment("other"))
    assert picked(Performance, pool, FakeView({"one": one, "other": other})) == "one"


def test_one_failure_writes_nobody_off():
    """After a single result, a failure, a member's score is low and above nothing."""
    pool = (deployment("one"), deployment("other"))
    view = FakeView({"one": results(1.0), "other": results(1.0, 0.0, 1)})
    rows = Performance("m", pool, Strategies()).terms(request(), view)
    assert 0 < rows[1]["score"] < rows[0]["score"]


def test_like_machines_share_by_load():
    """Within a tenth of the best: the one with fewer requests in flight; beyond it, the best however busy."""
    pool = tuple(deployment(f"d{n}") for n in range(3))
    view = FakeView({"d0": results(1.0), "d1": results(1.05), "d2": results(2.0)}, loads={"d0": 4, "d1": 3})
    assert picked(Performance, pool, view) == "d1"
    view.loads["d1"] = 5
    assert picked(Performance, pool, view) == "d0"


IN_SESSION = request(hints=Hints(session="s"))


@pytest.mark.parametrize(
    ("home", "degraded", "expected"),
    [
        (results(1.5), set(), "home"),
        (results(2.5), set(), "other"),
        (results(1.5, samples=4), set(), "other"),
        (results(1.5, 0.5), set(), "other"),
        (results(1.5), {"home"}, "other"),
        (results(1.0), {"home"}, "home"),
        (Standing(9, 0.0), set(), "other"),
    ],
    ids=["a little slower", "too slow", "few results", "failing", "slower and degraded", "degraded", "never delivered"],
)
def test_hybrid_keeps_a_session_where_the_evidence_is_strong(home, degraded, expected):
    """A few results, and nobody scores more than twice as much."""
    pool = (deployment("home"), deployment("other"))
    view = FakeView({"home": home, "other": results(1.0)}, homes={"s": "home"}, reduced=dict.fromkeys(degraded, 0.5))
    assert picked(Hybrid, pool, view, asked=IN_SESSION) == expected


def test_hybrid_is_performance_without_a_session():
    """And where the session's home is not among the fit ones."""
    pool = (deployment("home"), deployment("other"))
    view = FakeView({"home": results(1.5), "other": results(1.0)}, homes={"s": "home"})
    assert picked(Hybrid, pool, view) == "other"
    assert picked(Hybrid, pool[1:], view, asked=IN_SESSION) == "other"


def test_hybrid_says_what_it_went_by():
    """The home, or the score."""
    pool = (deployment("home"), deployment("other"))
    view = FakeView({"home": results(2.0), "other": results(1.0)}, homes={"s": "home"})
    made = Hybrid("m", pool, Strategies())
    assert made.pick(IN_SESSION, view, LoadedDice())[1].reason == (
        "hybrid: home scores 0.500; next: other scores 1.000 (home of the session)"
    )
    assert [row["home"] for row in made.terms(IN_SESSION, view)] == [1.0, 0.0]
