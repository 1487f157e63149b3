"""A bandit's memory: what results are worth, how they fade, whom a draw favours, and what is kept of it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import inf, isfinite, nan
from random import Random

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pointsman.errors import Misuse
from pointsman.fakes import LoadedDice
from pointsman.state import arms as module
from pointsman.state.arms import MOST_CONTEXTS, NORMAL, Arms

results = st.lists(
    st.tuples(
        st.sampled_from(["coding", "testing"]),
        st.sampled_from(["a", "b", "c"]),
        st.booleans(),
        st.floats(0, 1e6) | st.just(inf),
    ),
    max_size=60,
)
half_lives = st.floats(1, 1e4)


def fed(told, half_life: float = 500.0) -> Arms:
    arms = Arms(half_life)
    for context, arm, success, seconds in told:
        arms.add(context, arms.rate(context, success, seconds), (arm,), ("seen",))
    return arms


def test_a_failure_is_worth_nothing_and_a_success_at_least_half():
    """The usual pace earns three quarters, a quicker one more, a slower one less."""
    arms = Arms()
    assert arms.rate("coding", False, 0.001) == 0.0
    assert arms.usual("coding") is None
    assert arms.rate("coding", True, 2.0) == 0.75
    assert arms.usual("coding") == pytest.approx(2.0)
    quick, slow = arms.rate("coding", True, 0.5), arms.rate("coding", True, 50.0)
    assert 0.5 < slow < 0.75 < quick < 1.0


def test_what_is_usual_is_told_by_category():
    arms = Arms()
    for _ in range(3):
        arms.rate("testing", True, 10.0)
        arms.rate("coding", True, 1.0)
    assert arms.usual("testing") == pytest.approx(10.0)
    assert arms.usual("coding") == pytest.approx(1.0)


def test_a_result_weighs_half_after_as_many_others_as_the_half_life():
    """Those of other contexts make no difference."""
    arms = Arms(half_life=4)
    arms.add("coding", 1.0, ("a",))
    for _ in range(4):
        arms.add("coding", 0.5, ("b",))
        arms.add("testing", 0.5, ("b",))
    a = arms.arm("coding", "a")
    assert a.weight * arms.kept("coding", a) == pytest.approx(0.5)
    arms.add("coding", 0.0, ("a",))
    assert arms.arm("coding", "a").mean == pytest.approx(2**-1.25 / (2**-1.25 + 1))


def test_an_arm_that_was_only_seen_has_no_pulls():
    arms = Arms()
    arms.add("coding", 1.0, ("way",), ("model",))
    arms.add("coding", 0.5, (), ("model",))
    way, model, context = arms.arm("coding", "way"), arms.arm("coding", "model"), arms.context("coding")
    assert (way.pulls, way.results, model.pulls, model.results) == (1, 1, 0, 2)
    assert (context.steps, context.rounds, context.reward) == (2, 1, 1.0)


def test_the_mean_and_the_scatter_are_those_of_weighed_results():
    """As the textbook has them, from all results at once."""
    rewards, half_life = [0.1, 0.9, 0.4, 1.0, 0.0], 3
    arms = Arms(half_life)
    for reward in rewards:
        arms.add("coding", reward, ("a",))
    weights = [2 ** ((number - len(rewards) + 1) / half_life) for number in range(len(rewards))]
    mean = sum(w * r for w, r in zip(weights, rewards, strict=True)) / sum(weights)
    a = arms.arm("coding", "a")
    assert a.weight == pytest.approx(sum(weights))
    assert a.mean == pytest.approx(mean)
    assert a.scatter == pytest.approx(sum(w * (r - mean) ** 2 for w, r in zip(weights, rewards, strict=True)))


def test_a_draw_is_normal():
    """The table's mean is 0 and its deviation 1, and it goes up."""
    assert sum(NORMAL) == pytest.approx(0.0, abs=1e-9)
    assert sum(z * z for z in NORMAL) / len(NORMAL) == pytest.approx(1.0, abs=0.01)
    assert all(one < other for one, other in pairwise(NORMAL))


def test_arms_that_nobody_knows_are_drawn_alike():
    """Of seven, more than a throw of the dice is good for, each has its share."""
    arms, dice, names = Arms(), Random(3), list("abcdefg")
    counts = Counter(arms.draw("coding", names, dice)[0] for _ in range(7_000))
    assert set(counts) == set(range(7))
    assert max(counts.values()) < 1_200
    assert arms.draw("coding", names, dice)[1] == -1


def test_who_pays_better_is_drawn_more_and_the_others_now_and_then():
    arms, luck, dice = Arms(), Random(5), Random(6)
    for _ in range(15):
        arms.add("coding", 0.75 * (luck.random() < 0.9), ("good",))
        arms.add("coding", 0.75 * (luck.random() < 0.6), ("bad",))
    counts = Counter(arms.draw("coding", ["bad", "good"], dice) for _ in range(2_000))
    assert {leader for _, leader in counts} == {1}
    assert counts[1, 1] > 1_500
    assert counts[0, 1] > 0


def test_who_was_bad_long_ago_is_tried_again():
    """What is held of it goes back to what is held of a newcomer."""
    arms = Arms(half_life=50)
    for _ in range(20):
        arms.add("coding", 0.0, ("bad",))
    dice, names = Random(1), ["bad", "good"]

    def tried() -> int:
        for _ in range(20):
            arms.add("coding", 0.6, ("good",))
        return sum(arms.draw("coding", names, dice)[0] == 0 for _ in range(1_000))

    before = tried()
    later = [tried() for _ in range(20)][-1]
    assert before < 50
    assert later > 500


@given(results, half_lives, st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=5))
def test_figures_stay_in_their_bounds(told, half_life, throws):
    """Whatever was recorded: means and rewards 0..1, weights no more than results, a draw among the names."""
    arms = fed(told, half_life)
    for context in arms.contexts:
        known = arms.context(context)
        assert 0 <= known.reward <= known.rounds == known.steps
        for arm in known.arms.values():
            assert 0 <= arm.mean <= 1
            assert 0 <= arm.scatter <= arm.weight <= min(arm.results, 1.0 / (1.0 - 2 ** (-1 / half_life)) + 1e-6)
            assert 0 <= arm.recent <= arm.weight
            assert 0 <= arm.pulls <= arm.results <= known.steps
            assert 0 <= arms.kept(context, arm) <= 1
        drawn, leader = arms.draw(context, ["a", "nobody", "b"], LoadedDice(throws))
        assert drawn in range(3)
        assert leader in (-1, 0, 2)
        usual = arms.usual(context)
        assert usual is None or 0.0009 < usual < 3601


@given(results, half_lives)
def test_numbers_are_what_the_memory_goes_on_from(told, half_life):
    """As JSON and back: the same numbers, the same draws, and the same after the next results."""
    arms = fed(told, half_life)
    again = Arms.from_numbers(msgspec.json.decode(msgspec.json.encode(arms.as_numbers())), half_life)
    for made in (arms, again):
        made.add("coding", made.rate("coding", True, 3.0), ("b",))
    assert again.as_numbers() == arms.as_numbers()
    one, other = Random(2), Random(2)
    for _ in range(5):
        assert again.draw("coding", "abc", one) == arms.draw("coding", "abc", other)


@given(results, st.data())
def test_numbers_that_make_no_sense_are_refused(told, data):
    """Any one figure that is no number, negative or beyond all bounds."""
    numbers = fed([("coding", "a", True, 1.0), *told]).as_numbers()
    key = data.draw(st.sampled_from(sorted(numbers)))
    place = data.draw(st.integers(0, len(numbers[key]) - 1))
    assume(" " in key or place < 3)  # what is usual may be below 0, and weigh what it likes
    wrong = data.draw(st.sampled_from([nan, inf, -inf, -1, 1e300, 10**400, "1", None]))
    numbers[key] = (*numbers[key][:place], wrong, *numbers[key][place + 1 :])
    with pytest.raises(Misuse):
        Arms.from_numbers(numbers)


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        [],
        {"coding": 1},
        {"coding": (1.0, 1.0, 0.5, 0.0)},
        {"coding a": (1.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.5, 1.0)},
        {"coding": (1.5, 1.0, 0.5, 0.0, 1.0)},
        {"coding": (1.0, 1.0, 0.5, 700.0, 1.0)},
        {"coding": (1.0, 1.0, 0.5, 0.0, 1.0), "coding a": (1.0, 1.0, 0.5)},
        {1: ()},
    ],
)
def test_what_is_no_memory_is_refused(data):
    """Other shapes, arms of no context, parts of results, and times that nothing takes."""
    with pytest.raises(Misuse, match="no numbers of a bandit"):
        Arms.from_numbers(data)


def test_names_with_blanks_are_kept():
    arms = fed([("two words", "model:my model", True, 1.0)])
    assert set(arms.as_numbers()) == {"two%20words", "two%20words model:my model", "two%20words seen"}
    assert Arms.from_numbers(arms.as_numbers()).as_numbers() == arms.as_numbers()


@pytest.mark.parametrize("half_life", [0, 0.5, -1, nan, inf])
def test_a_half_life_is_a_number_of_results(half_life):
    with pytest.raises(Misuse, match="half_life"):
        Arms(half_life)


def test_who_had_no_result_for_longest_is_forgotten(monkeypatch):
    """When there are too many arms, half of them go; when there are too many contexts, the first."""
    monkeypatch.setattr(module, "MOST_ARMS", 4)
    arms = Arms()
    for name in "abcda":
        arms.add("coding", 1.0, (name,))
    arms.add("coding", 1.0, ("e",))
    assert set(arms.context("coding").arms) == {"a", "d", "e"}
    for number in range(MOST_CONTEXTS):
        arms.add(f"c{number}", 1.0, ("a",))
    assert len(arms.contexts) == MOST_CONTEXTS
    assert "coding" not in arms.contexts


def test_an_arm_can_be_forgotten_and_all_of_them():
    arms = fed([("coding", "a", True, 1.0), ("testing", "a", True, 1.0), ("testing", "b", True, 1.0)])
    arms.forget("a")
    assert set(arms.context("coding").arms) == {"seen"}
    assert set(arms.context("testing").arms) == {"seen", "b"}
    arms.clear()
    assert (len(arms), arms.contexts) == (0, ())
    assert isfinite(arms.rate("coding", True, 0.0))
