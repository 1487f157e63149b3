"""The laws of a decision, for any topology, any request and any state of health."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import Strategies
from pointsman.errors import PointsmanError
from pointsman.fakes import FakeClock, LoadedDice, deployment, request, settings
from pointsman.flow.attempt import serve
from pointsman.flow.drive import run
from pointsman.flow.effects import Failed, Sleep
from pointsman.flow.trip import Core, Trip
from pointsman.model.decision import Decision
from pointsman.model.outcome import FailureKind
from pointsman.routing.fallback import legs
from pointsman.routing.needs import too_long
from pointsman.routing.pipeline import FILTERS, RESOLVERS, Pipeline, Sight
from pointsman.routing.tagging import allowed, wished
from pointsman.routing.tiers import CAUSES
from pointsman.routing.topology import compile_topology
from pointsman.state.scoreboard import Scoreboard
from support.situations import Situation, situations

BEGINNINGS = ("fallback", "need")
"""Steps that begin a new pool, because the one before was empty."""


class Seen(msgspec.Struct):
    """What came of a request: a decision or an error, and what each stage saw."""

    situation: Situation
    sights: list[Sight]
    decision: Decision | None = None
    error: PointsmanError | None = None


def decide(situation: Situation, more: tuple[tuple[int, FailureKind], ...] = ()) -> Seen:
    seen = Seen(situation, [])
    pipeline = Pipeline(compile_topology(situation.settings))
    try:
        board, dice = situation.board(more), situation.dice()
        seen.decision = pipeline.decide(situation.request, board, dice, seen.sights)
    except PointsmanError as error:
        seen.error = error
    return seen


def shrinks(seen: Seen) -> None:
    """Each pool is a subset of the one before, nobody goes without a reason, and nobody is there from elsewhere."""
    places = set(seen.situation.settings.providers)
    for sight in seen.sights:
        assert {d.provider.name for d in sight.pool} <= places
        assert len({d.id for d in sight.pool}) == len(sight.pool)
    for before, after in pairwise(seen.sights):
        if after.stage not in BEGINNINGS:
            assert set(after.pool) <= set(before.pool)
            kept = {d.id for d in after.pool}
            assert kept.isdisjoint(after.excluded)
            if after.stage in dict(FILTERS):
                assert {d.id for d in before.pool} - kept == set(after.excluded)


def counts(seen: Seen) -> None:
    """What a step says was left is what the next one found; a new pool is begun only when nobody was left."""
    steps = seen.decision.steps if seen.decision is not None else seen.error.steps
    assert all(0 <= step.after <= step.before and step.reason for step in steps)
    for step, following in pairwise(steps):
        assert (step.after == 0) if following.stage in BEGINNINGS else (following.before == step.after)


def ends(seen: Seen) -> None:
    """In one choice, or in an error that says how to go on: mend the request, or wait so many seconds."""
    if seen.decision is not None:
        assert (seen.decision.steps[-1].stage, seen.decision.steps[-1].after) == ("strategy", 1)
    else:
        assert seen.error.status < 500 or seen.error.retry_after >= 0


def routes(seen: Seen) -> None:
    """The route is a resolver that has a step."""
    if seen.decision is not None:
        assert seen.decision.route in dict(RESOLVERS)
        assert seen.decision.route in {step.stage for step in seen.decision.steps}


def chooses(seen: Seen) -> None:
    """The choice is in the last pool, and that is a part of its tier."""
    decision = seen.decision
    if decision is not None:
        assert decision.choice in decision.pool
        assert set(decision.pool) <= set(decision.tiers[decision.tier].pool)
        if not any(step.stage in BEGINNINGS for step in decision.steps):
            assert decision.choice in seen.sights[-1].pool


def plans(seen: Seen) -> None:
    """The plan starts with the choice, asks everybody for some model, and nobody twice for the same cause and model;
    what is for one cause comes last.
    """
    if seen.decision is not None:
        tiers = seen.decision.tiers
        plan = [(leg.deployment.id, leg.model, tiers[leg.tier].on) for leg in legs(seen.decision)]
        assert plan[0] == (seen.decision.choice.id, seen.decision.upstream_model, tiers[seen.decision.tier].on)
        assert max(Counter(plan).values()) == 1
        assert all(model for _, model, _ in plan)
        causes = [on for _, _, on in plan]
        assert causes == sorted(causes, key=[None, *CAUSES].index)


def keeps_to_the_cause(seen: Seen) -> None:
    """Nobody of the tiers for one cause is chosen, except those for long requests when it is too long for the group."""
    decision, asked = seen.decision, seen.situation.request
    if decision is not None and decision.tiers[decision.tier].on is not None:
        assert decision.tiers[decision.tier].on is FailureKind.CONTEXT
        assert all(too_long(d, asked) for d in decision.tiers[0].pool)


def allows(seen: Seen) -> None:
    """Who wants no fallbacks gets none; who names some gets those, with their fields, and no others for the cause."""
    decision, asked = seen.decision, seen.situation.request
    if decision is not None:
        if asked.disable_fallbacks:
            assert {tier.group for tier in decision.tiers} == {decision.tiers[0].group}
            assert all(tier.on is None for tier in decision.tiers)
        elif asked.fallbacks is not None:
            wished = dict(zip(reversed(asked.fallbacks), reversed(asked.fallback_fields), strict=False))
            assert all(tier.fields in (None, *wished.values()) for tier in decision.tiers)
        for cause, turn in asked.turns.items():
            assert turn.names or all(tier.on is not cause for tier in decision.tiers)
        if asked.fallbacks and FailureKind.CONTEXT not in asked.turns:
            assert all(tier.on is not FailureKind.CONTEXT for tier in decision.tiers)


def spares(seen: Seen) -> None:
    """A choice is never over its limits and never resting, unless it is asked in need, and then never told to wait."""
    decision, asked = seen.decision, seen.situation.request
    if decision is not None:
        board = seen.situation.board()
        in_need = any(step.stage == "need" for step in decision.steps)
        assert not board.told_to_rest(decision.choice)
        assert in_need or board.fitness(decision.choice) is None
        assert board.room(decision.choice, asked.tokens) is None
        assert decision.choice.context is None or asked.tokens <= decision.choice.context


def heeds(seen: Seen) -> None:
    """Nobody in the whole plan carries a tag that the request bans, or lacks one that it demands."""
    if seen.decision is not None:
        topology = compile_topology(seen.situation.settings)
        wish = wished(seen.decision.tags, topology.tags)
        for leg in legs(seen.decision):
            if leg.deployment.model_name in topology.filtered:
                assert allowed((leg.deployment,), wish)


def repeats(seen: Seen) -> None:
    """The same inputs and the same dice give the same decision, or the same refusal."""
    again = decide(seen.situation)
    assert (again.decision, repr(again.error)) == (seen.decision, repr(seen.error))


LAWS: tuple[Callable[[Seen], None], ...] = (
    shrinks,
    counts,
    ends,
    routes,
    chooses,
    plans,
    keeps_to_the_cause,
    allows,
    spares,
    heeds,
    repeats,
)


@given(situations())
def test_every_decision_keeps_the_laws(situation):
    """Each of them, whatever was asked and whatever has failed before."""
    seen = decide(situation)
    for law in LAWS:
        law(seen)


def told(pipeline: Pipeline, situation: Situation, asked) -> object:
    try:
        return pipeline.decide(asked, situation.board(), situation.dice())
    except PointsmanError as refused:
        return repr(refused)


@given(situations(most=6))
def test_what_is_remembered_changes_nothing(situation):
    """A pipeline that has decided other requests decides as a new one would, however often it is asked."""
    topology = compile_topology(situation.settings)
    cold = [told(Pipeline(topology), situation, asked) for asked in situation.requests]
    warm = Pipeline(topology)
    assert [told(warm, situation, asked) for asked in situation.requests * 2] == cold * 2


@given(situations(), st.integers(0, 10))
def test_one_more_filter_never_enlarges_a_pool(situation, more):
    """Taking one more deployment out of service leaves a subset of what was left before."""
    before, after = decide(situation).sights, decide(situation, ((more, FailureKind.RATE_LIMITED),)).sights
    if before and after:
        assert {d.id for d in after[-1].pool} <= {d.id for d in before[-1].pool}


AGAIN = st.sampled_from([FailureKind.RESET, FailureKind.TIMEOUT, FailureKind.RATE_LIMITED, FailureKind.NOT_FOUND])


@given(situations(), st.lists(AGAIN, min_size=1, max_size=6))
def test_every_request_ends_and_asks_only_whom_the_plan_names(situation, kinds):
    """Whatever fails: no tier is asked more often than it may be, every lease is given back, and the end is told."""
    board = situation.board()
    trip = Trip(situation.request, Core(Pipeline(compile_topology(situation.settings)), board, situation.dice()))
    asked: list[FailureKind] = []

    def fail(effect):
        if isinstance(effect, Sleep):
            board.clock.advance(effect.seconds)
            return None
        board.clock.advance(0.1)
        asked.append(kinds[len(asked) % len(kinds)])
        return Failed(asked[-1], "it failed")

    try:
        run(serve(trip), fail)
    except PointsmanError:
        assert not asked  # the decision refused it
        return
    assert (trip.error is not None, len(trip.attempts)) == (True, len(asked))
    planned = {(leg.deployment.id, leg.model) for leg in legs(trip.decision)}
    assert {(attempt.deployment, attempt.model) for attempt in trip.attempts} <= planned
    for number, count in Counter(attempt.tier for attempt in trip.attempts).items():
        link = trip.decision.tiers[number].link
        own = link.retries if link is not None else None
        assert count <= 1 + (situation.settings.router.num_retries if own is None else own)
    assert all(record.in_flight == 0 for record in board.records().values())


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
    idle = {"requirements": False, "limits": True, "health": True, "params": False, "able": False, "warm": False}
    assert told == idle
