"""The laws of a decision, for any topology, any request and any state of health."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import ExactMatch, Pattern, Settings, Strategies
from pointsman.errors import InvalidBody, ModelNotFound, NoCandidate
from pointsman.fakes import FakeClock, LoadedDice, deployment, provider, request, settings
from pointsman.model.decision import Decision
from pointsman.model.deployment import Deployment
from pointsman.model.outcome import FailureKind
from pointsman.routing.fallback import legs
from pointsman.routing.pipeline import FILTERS, Pipeline, Sight
from pointsman.routing.strategies import STRATEGIES
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard

NAMES = ("a", "b", "c", "d")


@st.composite
def topologies(draw: st.DrawFn) -> Settings:
    places = [provider(f"p{n}") for n in range(draw(st.integers(1, 3)))]
    members: list[Deployment] = [
        deployment(
            f"d{n}",
            draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(places)),
            weight=draw(st.none() | st.floats(0, 10)),
            rpm=draw(st.none() | st.integers(1, 3)),
            max_parallel_requests=draw(st.none() | st.integers(1, 2)),
        )
        for n in range(draw(st.integers(1, 8)))
    ]
    members += [deployment(place.name, "*", place, model=None) for place in places]
    served = sorted({member.model_name for member in members} - {"*"})
    fallbacks = draw(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(served), max_size=3).map(tuple)))
    names = st.sampled_from([place.name for place in places])
    return settings(
        *members,
        exact=draw(st.dictionaries(st.just("e"), st.builds(ExactMatch, st.just("e"), names))),
        patterns=tuple(draw(st.lists(st.builds(Pattern, st.sampled_from(["^x", "y$", "."]), names), max_size=2))),
        default_provider=draw(st.none() | names),
        aliases=draw(st.dictionaries(st.just("alias"), st.sampled_from(served))),
        fallbacks=fallbacks,
        strategies=Strategies(draw(st.sampled_from(sorted(STRATEGIES)))),
    )


asked = st.sampled_from([*NAMES, "e", "xyz", "alias", "nobody", None])


@st.composite
def situations(draw: st.DrawFn) -> tuple[Settings, str | None, list[tuple[int, FailureKind]], list[float]]:
    made = draw(topologies())
    failures = draw(
        st.lists(st.tuples(st.integers(0, len(made.deployments) - 1), st.sampled_from(list(FailureKind))), max_size=12)
    )
    return made, draw(asked), failures, draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5))


def board_after(made: Settings, failures: list[tuple[int, FailureKind]], dice: LoadedDice) -> Scoreboard:
    board = Scoreboard(FakeClock(), dice)
    for index, kind in failures:
        with board.lock:
            lease = board.take(made.deployments[index])
        board.failed(lease, kind)
        board.give_back(lease)
    return board


def decide(
    made: Settings, name: str | None, failures: list[tuple[int, FailureKind]], draws: list[float]
) -> tuple[Decision | None, list[Sight]]:
    dice = LoadedDice(draws)
    sights: list[Sight] = []
    try:
        found = Pipeline(compile_topology(made)).decide(request(name), board_after(made, failures, dice), dice, sights)
    except (ModelNotFound, NoCandidate, InvalidBody):
        return None, sights
    return found, sights


@given(situations())
def test_each_pool_is_a_subset_of_the_one_before(situation):
    """A stage only ever leaves out; it never brings in."""
    _, sights = decide(*situation)
    pool = set(situation[0].deployments)
    for sight in sights:
        assert set(sight.pool) <= pool
        pool = set(sight.pool)


BEGINNINGS = ("fallback", "need")
"""Steps that begin a new pool, because the one before was empty."""


@given(situations())
def test_the_steps_count_what_the_stages_left(situation):
    """What a step says was left is what the next one found; a new pool is begun only when nobody was left."""
    decision, _ = decide(*situation)
    if decision is None:
        return
    assert all(step.after <= step.before for step in decision.steps)
    for step, following in pairwise(decision.steps):
        if following.stage in BEGINNINGS:
            assert step.after == 0
        else:
            assert following.before == step.after
    assert decision.steps[-1].after == 1


@given(situations())
def test_the_choice_is_in_the_last_pool(situation):
    """The strategy picks from what the filters left."""
    decision, sights = decide(*situation)
    if decision is not None:
        assert decision.choice in decision.pool
        assert set(decision.pool) <= set(decision.tiers[decision.tier].pool)
        if not any(step.stage in BEGINNINGS for step in decision.steps):
            assert decision.choice in sights[-1].pool


@given(situations())
def test_the_plan_starts_with_the_choice_and_has_no_repeats(situation):
    """Nobody is asked the same thing twice by the plan."""
    decision, _ = decide(*situation)
    if decision is not None:
        plan = [(leg.deployment.id, leg.model) for leg in legs(decision)]
        assert plan[0] == (decision.choice.id, decision.upstream_model)
        assert max(Counter(plan).values()) == 1


@given(situations())
def test_the_same_inputs_and_dice_give_the_same_decision(situation):
    """Deciding has no memory of its own and no chance of its own."""
    assert decide(*situation)[0] == decide(*situation)[0]


@given(situations(), st.integers(0, 7))
def test_one_more_filter_never_enlarges_a_pool(situation, more):
    """Taking one more deployment out of service leaves a subset of what was left before."""
    made, name, failures, draws = situation
    _, before = decide(made, name, failures, draws)
    out = [(more % len(made.deployments), FailureKind.RATE_LIMITED)]
    _, after = decide(made, name, failures + out, draws)
    if before and after:
        assert set(after[-1].pool) <= set(before[-1].pool)


@given(situations())
def test_nobody_unfit_is_chosen(situation):
    """A choice is never over its limits and never resting, unless it is asked in need, and then never told to wait."""
    made, name, failures, draws = situation
    decision, _ = decide(made, name, failures, draws)
    if decision is not None:
        board = board_after(made, failures, LoadedDice(draws))
        in_need = any(step.stage == "need" for step in decision.steps)
        assert board.fitness(decision.choice, in_need=in_need) is None
        assert board.room(decision.choice, 0) is None


@pytest.mark.parametrize("strategy", ["simple-shuffle", "round_robin"])
def test_long_run_shares_follow_the_weights(strategy):
    """Over 100,000 seeded draws every share is within three standard deviations of its weight."""
    weights = {"one": 1.0, "two": 2.0, "five": 5.0}
    members = [deployment(name, weight=weight) for name, weight in weights.items()]
    made = settings(*members, strategies=Strategies(strategy))
    pipeline, board, dice = Pipeline(compile_topology(made)), Scoreboard(FakeClock(), Random(7)), Random(7)
    draws, total = 100_000, sum(weights.values())
    counts: Counter[str] = Counter()
    for _ in range(draws):
        decision = pipeline.decide(request(), board, dice)
        with board.lock:
            board.give_back(board.take(decision.choice, decision.tiers[decision.tier].group))
        counts[decision.choice.id] += 1
    for name, weight in weights.items():
        share = weight / total
        deviation = (draws * share * (1 - share)) ** 0.5
        assert abs(counts[name] - draws * share) <= 3 * deviation


def test_ties_are_broken_by_dice_not_by_order():
    """With equal loads every member gets its turn first, whatever its place in the list."""
    made = settings(*[deployment(f"d{n}") for n in range(4)], strategies=Strategies("least_loaded"))
    pipeline = Pipeline(compile_topology(made))
    board = Scoreboard(FakeClock(), LoadedDice())
    firsts = {pipeline.decide(request(), board, LoadedDice([n / 4])).choice.id for n in range(4)}
    assert firsts == {"d0", "d1", "d2", "d3"}


def test_filters_that_always_watch_say_so_when_idle():
    """Limits and health have a word in every explanation; the others only where they are configured."""
    told = {stage: bool(module.IDLE) for stage, module in FILTERS}
    assert told == {"requirements": False, "limits": True, "health": True, "warm": False}
