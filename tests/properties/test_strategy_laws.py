"""What holds of every strategy, for any pool, any figures and any state of health."""

from __future__ import annotations

import gc
from collections import Counter
from math import isfinite
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies, Weights
from pointsman.fakes import FakeClock, FakeView, LoadedDice, deployment, request
from pointsman.model.outcome import FailureKind
from pointsman.model.request import Hints
from pointsman.model.view import Standing
from pointsman.routing.strategies import STRATEGIES
from pointsman.state.degraded import DegradedSettings
from pointsman.state.scoreboard import Rules, Scoreboard

EVERY = pytest.mark.parametrize("name", STRATEGIES)

seconds = st.none() | st.floats(0, 1e4)
limits = st.none() | st.integers(0, 100)
dollars = st.none() | st.floats(0, 1)
members = st.fixed_dictionaries(
    {
        "weight": st.none() | st.floats(0, 1e6),
        "rpm": limits,
        "tpm": limits,
        "max_parallel_requests": limits,
        "order": st.none() | st.integers(0, 3),
        "context": st.none() | st.integers(1, 10**7),
        "input_cost": dollars,
        "output_cost": dollars,
    }
)
standings = st.builds(
    Standing,
    samples=st.integers(0, 100),
    success_rate=st.floats(0, 1),
    latency=seconds,
    first_token=seconds,
    per_token=seconds,
    peak=seconds,
)
minutes = st.tuples(st.integers(0, 200), st.integers(0, 10**6))
health = st.tuples(standings, st.integers(0, 200), minutes, st.booleans(), st.none() | st.floats(0, 1))
requests = st.builds(
    request,
    stream=st.booleans(),
    tokens=st.integers(0, 10**5),
    endpoint=st.sampled_from(["chat", "completions", "embeddings"]),
    body=st.sampled_from(
        [{}, {"messages": msgspec.Raw(b'[{"role":"user","content":"hi"}]'), "max_tokens": msgspec.Raw(b"7")}]
    ),
    hints=st.builds(Hints, session=st.none() | st.just("s"), task=st.none() | st.just("coding")),
)
settings = st.builds(
    Strategies,
    weights=st.builds(Weights, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.booleans()),
    measure=st.sampled_from(["time_to_first_token", "latency"]),
    buffer=st.floats(0, 2),
)
draws = st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4)


@st.composite
def situations(draw: st.DrawFn):
    rows = draw(st.lists(st.tuples(members, health), min_size=1, max_size=8))
    pool = tuple(deployment(f"d{n}", **member) for n, (member, _) in enumerate(rows))
    view = FakeView(homes=draw(st.dictionaries(st.just("s"), st.sampled_from(["d0", "d1", "gone"]))))
    for member, (_, (standing, load, minute, degraded, utilization)) in zip(pool, rows, strict=True):
        view.known[member.id], view.loads[member.id], view.minutes[member.id] = standing, load, minute
        if degraded:
            view.reduced[member.id] = 0.5
        if utilization is not None:
            view.utilizations[member.id] = utilization
    return pool, view, draw(requests), draw(settings), draw(draws)


@EVERY
@given(situations())
def test_a_pick_is_in_the_pool_and_its_step_names_it(name, situation):
    """One index, one step from the pool's size to one, whatever is known of the members or not."""
    pool, view, asked, made, table = situation
    index, step = STRATEGIES[name]("m", pool, made).pick(asked, view, LoadedDice(table))
    assert (step.stage, step.before, step.after) == ("strategy", len(pool), 1)
    assert pool[index].id in step.reason
    assert step.reason.startswith(name)
    assert step.reason.isprintable()


@EVERY
@given(situations())
def test_the_terms_are_figures_of_each_member(name, situation):
    """One row a member, in the order of the pool, of numbers that JSON has."""
    pool, view, asked, made, _ = situation
    terms = STRATEGIES[name]("m", pool, made).terms(asked, view)
    assert len(terms) == len(pool)
    assert all(isfinite(figure) for row in terms for figure in row.values())


@EVERY
@given(situations())
def test_the_same_facts_and_dice_give_the_same_pick(name, situation):
    """A strategy keeps no memory: a second one, and the first asked again, say the same."""
    pool, view, asked, made, table = situation
    one, other = STRATEGIES[name]("m", pool, made), STRATEGIES[name]("m", pool, made)
    said = [strategy.pick(asked, view, LoadedDice(table)) for strategy in (one, one, other)]
    assert said[0] == said[1] == said[2]


@EVERY
@pytest.mark.parametrize("size", [1, 2, 10, 10_000])
@pytest.mark.parametrize("degraded", [(), ("d0",), "everybody"])
def test_pools_of_any_size_are_picked_from(name, size, degraded):
    """One member, ten, ten thousand; all well, one degraded, all degraded."""
    pool = tuple(deployment(f"d{n}") for n in range(size))
    view = FakeView(reduced=dict.fromkeys([d.id for d in pool] if degraded == "everybody" else degraded, 0.5))
    made, dice = STRATEGIES[name]("m", pool, Strategies()), Random(1)
    assert {made.pick(request(), view, dice)[0] in range(size) for _ in range(3)} == {True}
    assert len(made.terms(request(), view)) == size


KNOWN = Standing(20, 1.0, 2.0, 0.5, 0.02, 2.0)
"""Results like anybody else's."""


@EVERY
@pytest.mark.parametrize("standing", [Standing(), KNOWN], ids=["unseen", "known"])
def test_equals_are_told_apart_by_dice(name, standing):
    """Of five members that nothing tells apart every one is picked first by some throw, and none by all."""
    pool = tuple(deployment(f"d{n}", context=8192, input_cost=1e-6, output_cost=1e-6) for n in range(5))
    view, made, dice = FakeView({d.id: standing for d in pool}), Strategies(), Random(3)
    counts = Counter(STRATEGIES[name]("m", pool, made).pick(request(), view, dice)[0] for _ in range(2_000))
    assert set(counts) == {0, 1, 2, 3, 4}
    assert max(counts.values()) < 600


@EVERY
def test_the_degraded_are_picked_less_and_still_picked_at_need(name):
    """One of three like members is degraded: it has no more than half of what another has; alone it has everything."""
    pool = tuple(deployment(f"d{n}", context=8192, input_cost=1e-6, output_cost=1e-6) for n in range(3))
    view = FakeView({d.id: KNOWN for d in pool}, reduced={"d0": 0.5})
    counts = Counter(turns(name, pool, view, 6_000))
    assert counts["d0"] <= 0.58 * min(counts["d1"], counts["d2"])
    assert set(turns(name, pool[:1], view, 10)) == {"d0"}


def turns(name: str, pool: tuple, view: FakeView, count: int) -> list[str]:
    """Who is picked in a row; round robin's turns are taken on a scoreboard, for they live there."""
    dice, strategy = Random(5), STRATEGIES[name]("m", pool, Strategies())
    board = Scoreboard(FakeClock(), dice, Rules(degraded=DegradedSettings(threshold=1)))
    for member in pool:
        lease = board.take(member)
        if member.id in view.reduced:
            board.failed(lease, FailureKind.SERVER_ERROR)
        board.give_back(lease)
    found = []
    for number in range(count):
        prompt = msgspec.Raw(b'"prompt %d"' % number)
        index, _ = strategy.pick(request(body={"prompt": prompt}), board if name == "round_robin" else view, dice)
        board.give_back(board.take(pool[index], "m"))
        found.append(pool[index].id)
    return found


SHARED = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 0.5}


@pytest.mark.parametrize("name", ["simple-shuffle", "random", "priority", "round_robin", "prefix_affinity", "affinity"])
def test_shares_follow_the_weights(name):
    """Over 100,000 seeded draws every share is within three standard deviations of its weight."""
    pool = tuple(deployment(each, weight=weight) for each, weight in SHARED.items())
    count, total = 100_000, sum(SHARED.values())
    counts = Counter(turns(name, pool, FakeView(), count))
    for each, weight in SHARED.items():
        share = weight / total
        assert abs(counts[each] - count * share) <= 3 * (count * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("name", ["simple-shuffle", "random", "priority", "round_robin", "prefix_affinity", "affinity"])
def test_the_degraded_have_half_their_share(name):
    """Over 100,000 seeded draws, within three standard deviations: 1 of 8.5 becomes 2.5 of 6, and so on."""
    pool = tuple(deployment(each, weight=weight) for each, weight in SHARED.items())
    count, halved = 100_000, SHARED | {"c": SHARED["c"] / 2}
    counts = Counter(turns(name, pool, FakeView(reduced={"c": 0.5}), count))
    for each, weight in halved.items():
        share = weight / sum(halved.values())
        assert abs(counts[each] - count * share) <= 3 * (count * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("part", [0.1, 0.4])
@pytest.mark.parametrize("name", ["simple-shuffle", "random", "priority", "prefix_affinity", "affinity"])
def test_who_comes_back_has_the_part_of_its_share_that_it_is_given(name, part):
    """Over 100,000 seeded draws, within three standard deviations."""
    pool = tuple(deployment(each, weight=weight) for each, weight in SHARED.items())
    count, left = 100_000, SHARED | {"c": SHARED["c"] * part}
    counts = Counter(turns(name, pool, FakeView(reduced={"c": part}), count))
    for each, weight in left.items():
        share = weight / sum(left.values())
        assert abs(counts[each] - count * share) <= 3 * (count * share * (1 - share)) ** 0.5


SPREADING = ["least_loaded", "p2c-ewma", "performance", "most_capacity", "usage-based-routing", "affinity",
             "prefix_affinity", "least-utilization"]  # fmt: skip


@pytest.mark.parametrize("name", SPREADING)
def test_who_looks_at_load_does_not_herd(name):
    """A hundred requests that arrive before the first is answered leave nobody with much more than a tenth of them."""
    pool = tuple(deployment(f"d{n}", context=8192) for n in range(10))
    view = FakeView({d.id: KNOWN for d in pool})
    strategy, dice = STRATEGIES[name]("m", pool, Strategies()), Random(11)
    body = {"prompt": msgspec.Raw(b'"the same for all"')}
    for _ in range(100):
        index, _ = strategy.pick(request(body=body), view, dice)
        view.loads[pool[index].id] = view.loads.get(pool[index].id, 0) + 1
    assert max(view.loads.values()) <= 13
    assert min(view.loads.values()) >= 5 or name in ("affinity", "prefix_affinity")


@pytest.mark.parametrize("name", ["fastest_response", "latency-based-routing", "performance", "p2c-ewma", "hybrid"])
def test_a_newcomer_is_tried_by_one_request_at_a_time(name):
    """Nobody knows it: it gets one request, and until that is answered no other, however many arrive."""
    pool = tuple(deployment(f"d{n}") for n in range(2))
    view = FakeView({"d0": KNOWN})
    strategy, dice = STRATEGIES[name]("m", pool, Strategies()), Random(2)
    first = pool[strategy.pick(request(), view, dice)[0]].id
    view.loads = {"d1": 1}
    assert first == "d1"
    assert {pool[strategy.pick(request(), view, dice)[0]].id for _ in range(50)} == {"d0"}


@pytest.mark.parametrize(
    "name", ["fastest_response", "latency-based-routing", "performance", "p2c-ewma", "hybrid", "usage_based"]
)
def test_who_fails_fast_attracts_nobody(name):
    """Half as slow, and nine tries of ten fail: that is not the fastest."""
    pool = tuple(deployment(f"d{n}") for n in range(2))
    view = FakeView({"d0": KNOWN, "d1": Standing(20, 0.1, 1.0, 0.25, 0.01, 1.0)})
    strategy, dice = STRATEGIES[name]("m", pool, Strategies()), LoadedDice([0.3, 0.9])
    assert {strategy.pick(request(), view, dice)[0] for _ in range(20)} == {0}


@EVERY
def test_a_strategy_that_is_done_with_leaves_nothing_for_the_collector(name):
    """Nor does the board that it looked at: one is made for every retry, and there shall be no pauses for that."""
    pool = tuple(deployment(f"d{n}") for n in range(3))
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            board, strategy = Scoreboard(FakeClock(), LoadedDice([0.5])), STRATEGIES[name]("m", pool, Strategies())
            with board.lock:
                index, _ = strategy.pick(request(), board, LoadedDice([0.5]))
                board.give_back(board.take(pool[index], "m"))
            del board, strategy
        assert gc.collect() == 0
    finally:
        gc.enable()
