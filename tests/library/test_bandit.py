"""The bandit over a pool: whom it may pick, what it says, and what it makes of results."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import FakeView, LoadedDice, request
from pointsman.library.bandit import FEW, OWN, WAYS, Bandit
from pointsman.library.regret import Regret
from pointsman.model.decision import Step
from pointsman.model.request import Hints
from support.betting import GROUP, pool_of

CODING = request(hints=Hints(task="coding"))


def taught(*told: tuple[str, bool, int], way: str = "") -> Bandit:
    """By so many results of models, and so that it makes its own choice, unless ``way`` is told."""
    bandit = Bandit(GROUP)
    for _ in range(40):
        bandit.learned(way or "model:teacher", "coding", True, 1.0)
        for other in WAYS:
            if other not in (way, OWN) or (way and other == OWN):
                bandit.learned("model:pupil" if other == OWN else other, "coding", False, 1.0)
    for model, success, times in told:
        for _ in range(times):
            bandit.learned("", "coding", success, 1.0, model)
    return bandit


def picks(bandit: Bandit, names: list[str], view: FakeView | None = None, times: int = 500) -> Counter[str]:
    pool, dice = pool_of(names), Random(1)
    made = bandit.ready(pool)
    return Counter(pool[made.pick(CODING, view or FakeView(), dice)[0]].id for _ in range(times))


def test_a_pool_of_one_needs_no_choice():
    bandit = Bandit(GROUP)
    bandit.chosen = "strategy:affinity"
    picked = bandit.ready(pool_of(["a"])).pick(CODING, FakeView(), LoadedDice())
    assert picked == (0, Step("strategy", 1, 1, "bandit: a is the only one"))
    assert bandit.chosen == ""


@pytest.mark.parametrize("size", [2, FEW, FEW + 1, 1_000])
def test_pools_of_any_size_are_picked_from(size):
    """Before any results and after some, by every way there is, with shares reduced or not."""
    pool, dice, bandit = pool_of([f"m{number}" for number in range(size)]), Random(1), Bandit(GROUP)
    made, ways = bandit.ready(pool), set()
    for number in range(300):
        index, step = made.pick(CODING, FakeView(reduced={"m0": 0.5} if number % 2 else {}), dice)
        assert (step.stage, step.before, step.after) == ("strategy", size, 1)
        assert step.reason.startswith("bandit: ")
        assert pool[index].id in step.reason
        ways.add(bandit.chosen if bandit.chosen in WAYS else OWN)
        assert bandit.chosen in {*WAYS, f"model:{pool[index].id}"}
        bandit.learned(bandit.chosen, "coding", dice.random() < 0.5, 1.0, pool[index].id)
    assert ways == set(WAYS)
    assert len(made.terms(CODING, FakeView())) == size


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200), st.floats(0.01, 1.0)), min_size=1, max_size=8),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=4),
)
def test_a_pick_is_in_the_pool_and_its_step_names_it(members, throws):
    """Whatever is in flight and reduced, however the dice fall."""
    names = [f"m{number}" for number in range(len(members))]
    loads = {name: load for name, (_, load, _) in zip(names, members, strict=True)}
    reduced = {name: share for name, (_, _, share) in zip(names, members, strict=True) if share < 0.9}
    bandit = taught(*[(name, True, times) for name, (times, _, _) in zip(names, members, strict=True)])
    pool = pool_of(names)
    index, step = bandit.ready(pool).pick(CODING, FakeView(loads=loads, reduced=reduced), LoadedDice(throws))
    assert pool[index].id in step.reason


def test_a_task_of_no_category_has_one_of_its_own():
    bandit = Bandit(GROUP)
    _, step = bandit.ready(pool_of(["a", "b"])).pick(request(), FakeView(), Random(1))
    assert "tried for unknown (no results yet)" in step.reason


def test_the_sentence_says_what_was_paid_and_who_paid_best():
    """The one that paid best, or the one that is tried and who paid best so far."""
    bandit = taught(("a", True, 60), ("b", True, 4), ("b", False, 1))
    made, dice = bandit.ready(pool_of(["a", "b"])), Random(1)
    said = {made.pick(CODING, FakeView(), dice)[1].reason for _ in range(200)}
    own = "bandit: its own choice has paid best for coding (0.75 of 40 tasks); "
    assert f"{own}a has paid best for coding (0.75 of 60 tasks)" in said
    assert f"{own}b is tried for coding (0.60 of 5 tasks; best so far: a, 0.75 of 60)" in said


def test_a_strategy_that_paid_best_picks_in_its_own_words():
    bandit = taught(way="strategy:least_loaded")
    pool = pool_of(["a", "b"])
    index, step = bandit.ready(pool).pick(CODING, FakeView(loads={"a": 3, "b": 1}), Random(1))
    assert (pool[index].id, bandit.chosen) == ("b", "strategy:least_loaded")
    assert step.reason == (
        "bandit: least_loaded has paid best for coding (0.75 of 40 tasks); "
        "least_loaded: b has 1 in flight; next: a has 3 in flight"
    )


def test_a_newcomer_is_tried_by_one_task_at_a_time():
    """While it has one nobody else is sent there, unless all are newcomers who are being tried."""
    bandit = taught(("a", True, 20), ("b", True, 20))
    names = ["a", "b", "new"]
    assert picks(bandit, names)["new"] > 100
    assert picks(bandit, names, FakeView(loads={"new": 1}))["new"] == 0
    assert set(picks(taught(), ["x", "y"], FakeView(loads={"x": 1, "y": 1}))) == {"x", "y"}


def test_who_has_a_reduced_share_is_picked_as_much_less():
    """And still when everybody's is reduced."""
    bandit = taught(("a", True, 50), ("b", False, 50))
    view = FakeView(reduced={"a": 0.3})
    assert 100 < picks(bandit, ["a", "b"], view)["a"] < 200
    assert picks(bandit, ["a", "b"], FakeView(reduced={"a": 0.3, "b": 0.3}))["a"] > 250


def test_in_a_large_pool_the_best_are_asked_and_others_now_and_then():
    """A thousand newcomers beside a few that are known to be well do not take all tasks."""
    known = [(f"m{number}", number < FEW, 10) for number in range(2 * FEW)]
    counts = picks(taught(*known), [f"m{number}" for number in range(1_000)], times=2_000)
    good = sum(count for name, count in counts.items() if int(name[1:]) < FEW)
    assert 0.85 < good / 2_000 < 0.99


def test_a_model_is_known_by_results_that_others_chose_it_for():
    bandit = Bandit(GROUP)
    bandit.learned("strategy:affinity", "coding", True, 1.0, "a")
    bandit.learned("", "coding", True, 1.0, "a")
    bandit.learned("model:a", "coding", False, 1.0, "a")
    assert [(name, arm.pulls, arm.results) for name, arm in bandit.arms.context("coding").arms.items()] == [
        ("strategy:affinity", 1, 1),
        ("model:a", 1, 3),
        (OWN, 1, 1),
    ]
    assert bandit.regret().rounds == 2
    assert bandit.ready(pool_of(["a", "b"])).terms(CODING, FakeView()) == [
        {"results": 3, "mean": pytest.approx(0.5, abs=0.01)},
        {"results": 0},
    ]


def test_who_is_unregistered_is_forgotten_and_so_is_all_at_a_reset():
    bandit = taught(("a", True, 5), ("b", True, 5))
    bandit.forget("a")
    assert "model:a" not in bandit.arms.context("coding").arms
    assert "model:b" in bandit.arms.context("coding").arms
    bandit.reset()
    assert bandit.regret() == Regret()


def test_regret_is_what_the_best_arm_would_have_paid_more():
    """By the results' means, each with five results of the average on credit."""
    bandit = Bandit(GROUP)
    for _ in range(20):
        bandit.learned("model:good", "coding", True, 1.0)
    for _ in range(10):
        bandit.learned("model:bad", "coding", False, 1.0)
    usual = 0.75 * 20 / 30
    good, bad = (0.75 * 20 + usual * 5) / 25, usual * 5 / 15
    regret = bandit.regret()
    coding = regret.contexts[0]
    assert (regret.rounds, regret.reward) == (30, 15.0)
    assert regret.total == pytest.approx(10 * (good - bad))
    assert regret.per_round == pytest.approx(regret.total / 30)
    assert (coding.best, coding.share) == ("model:good", 20 / 30)
    assert coding.mean == pytest.approx(0.75)
    assert [arm.arm for arm in coding.arms] == ["model:good", "model:bad"]
    assert all(arm.low <= arm.mean <= arm.high for arm in coding.arms)
    assert str(regret) == (
        "regret 5.3 in 30 rounds, 0.178 a round\n"
        "  coding: model:good pays best, 0.75, and had 67% of 30 rounds (66% lately); "
        "regret 0.178 a round (0.180 lately)"
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*WAYS[:4], "model:a", "model:b", ""]),
            st.sampled_from(["coding", "testing"]),
            st.booleans(),
            st.floats(0, 1e5),
        ),
        max_size=50,
    )
)
def test_regret_is_never_negative_and_its_parts_add_up(told):
    bandit = Bandit(GROUP)
    for arm, context, success, seconds in told:
        bandit.learned(arm, context, success, seconds, "a" if arm != "model:b" else "b")
    regret = bandit.regret()
    assert regret.rounds == sum(arm != "" for arm, *_ in told)
    assert regret.total == pytest.approx(sum(each.total for each in regret.contexts))
    for each in regret.contexts:
        assert 0 <= each.total <= each.rounds
        assert 0 <= each.lately <= 1
        assert 0 <= each.share <= 1
        assert -1e-9 <= each.share_lately <= 1 + 1e-9
        assert sum(arm.pulls for arm in each.arms) == each.rounds
        assert all(0 <= arm.low <= arm.mean <= arm.high <= 1 for arm in each.arms)
