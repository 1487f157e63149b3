"""Strategies over the scoreboard itself: what they make of traffic as it comes, in time that a test moves."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from pointsman.config.settings import Strategies, Weights
from pointsman.fakes import FakeClock, deployment, request
from pointsman.model.outcome import FailureKind
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.scoreboard import Scoreboard


class Traffic:
    """One strategy over a pool. ``speeds``: seconds that each member takes to its first token; half of its answer."""

    def __init__(self, strategy: str, speeds: dict[str, float], settings=Strategies()) -> None:  # noqa: B008  frozen
        self.speeds = speeds
        self.failing: set[str] = set()
        self.pool = tuple(deployment(name) for name in speeds)
        self.clock, self.dice = FakeClock(), Random(4)
        self.board = Scoreboard(self.clock, self.dice)
        self.strategy = STRATEGIES[strategy]("m", self.pool, settings)

    def begin(self):
        """A request is sent to whom the strategy picks."""
        with self.board.lock:
            index, _ = self.strategy.pick(request(stream=True), self.board, self.dice)
            return self.board.take(self.pool[index], "m")

    def end(self, lease) -> str:
        """It is answered, or fails at once; time goes on meanwhile."""
        name = lease.record.deployment.id
        if name in self.failing:
            self.board.failed(lease, FailureKind.SERVER_ERROR)
        else:
            lease.first_token = self.speeds[name]
            self.clock.advance(2 * self.speeds[name])
            self.board.succeeded(lease, 100, 50)
        self.board.give_back(lease)
        return name

    def one_by_one(self, count: int) -> Counter[str]:
        return Counter(self.end(self.begin()) for _ in range(count))

    def at_once(self, count: int) -> Counter[str]:
        """So many requests before the first is answered."""
        leases = [self.begin() for _ in range(count)]
        return Counter(self.end(lease) for lease in leases)


def test_the_fastest_is_found_and_the_slow_are_tried_again_after_an_hour():
    """Everybody once, then the fastest; who was slow an hour ago and is fast by now becomes the one."""
    traffic = Traffic("fastest_response", {"fast": 0.2, "slow": 0.9})
    assert traffic.one_by_one(30) == {"fast": 29, "slow": 1}
    traffic.speeds["slow"] = 0.1
    minutes = Counter()
    for _ in range(59):
        traffic.clock.advance(60)
        minutes += traffic.one_by_one(1)
    assert minutes == {"fast": 59}
    traffic.clock.advance(60)
    assert traffic.one_by_one(10)["slow"] == 10


def test_scores_move_with_every_tenth_result():
    """Nine answers in a row change no score, the tenth does."""
    traffic = Traffic("usage_based", {"a": 0.1, "b": 0.1}, Strategies(weights=Weights(1.0, 0.0, 0.0)))
    for member in traffic.pool:
        for _ in range(10):
            traffic.end(traffic.board.take(member))

    def scores() -> list[float]:
        return [row["score"] for row in traffic.strategy.terms(request(), traffic.board)]

    assert scores() == [1.0, 1.0]
    traffic.speeds["a"] = 1.0
    seen = []
    for _ in range(10):
        traffic.end(traffic.board.take(traffic.pool[0]))
        seen.append(scores())
    assert seen[:9] == [[1.0, 1.0]] * 9
    assert seen[9] != [1.0, 1.0]


@pytest.mark.parametrize("strategy", ["performance", "hybrid", "p2c-ewma", "fastest_response", "latency-based-routing"])
def test_who_begins_to_fail_is_left(strategy):
    """It was twice as fast; a few dozen requests after it began to fail at once it hardly gets any."""
    traffic = Traffic(strategy, {"first": 0.1, "second": 0.2})
    assert traffic.one_by_one(60)["first"] >= 30
    traffic.failing = {"first"}
    traffic.one_by_one(150)
    assert traffic.one_by_one(60)["second"] >= 40


@pytest.mark.parametrize(
    "strategy", ["least_loaded", "p2c-ewma", "performance", "usage-based-routing", "most_capacity"]
)
def test_a_burst_is_spread_over_like_machines(strategy):
    """Forty at once over four that were level: none has more than half as much again as its quarter."""
    traffic = Traffic(strategy, dict.fromkeys("abcd", 0.1))
    traffic.one_by_one(40)
    assert max(traffic.at_once(40).values()) <= 15


def test_a_burst_on_new_machines_goes_to_no_single_one():
    """Nobody knows anybody: one request each first, and the rest by load or by dice."""
    for strategy in STRATEGIES:
        if "affinity" not in strategy:
            assert max(Traffic(strategy, dict.fromkeys("abcd", 0.1)).at_once(40).values()) <= 20, strategy
