"""What came of tasks by kind: amounts that fade, without anybody touching them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.state.evidence import ENOUGH, HALF_LIFE, LARGEST, MOST_TASKS, Evidence


def amounts(evidence, task, row, now):
    kind = evidence.of(task)
    return kind.good[row] / kind.unit(now), kind.bad[row] / kind.unit(now)


def test_results_add_up_by_kind_and_row():
    evidence = Evidence(4)
    for good, bad in ((1.0, 0.0), (1.0, 0.0), (0.0, 1.0)):
        evidence.add("coding", 1, good, bad, 100.0)
    evidence.add("testing", 2, 1.0, 0.0, 100.0)
    assert amounts(evidence, "coding", 1, 100.0) == (2.0, 1.0)
    assert amounts(evidence, "coding", 2, 100.0) == (0.0, 0.0)
    assert evidence.row(1) == {"coding": (2.0, 1.0, 100.0)}
    assert evidence.of("poetry") is None


def test_an_older_result_weighs_less():
    evidence = Evidence(2)
    evidence.add("coding", 0, 1.0, 0.0, 0.0)
    evidence.add("coding", 0, 1.0, 0.0, HALF_LIFE)
    assert amounts(evidence, "coding", 0, HALF_LIFE)[0] == pytest.approx(1.5)
    assert amounts(evidence, "coding", 0, 2 * HALF_LIFE)[0] == pytest.approx(0.75)


def test_weights_stay_finite_for_ever():
    evidence, now = Evidence(2), 0.0
    for _ in range(200):
        evidence.add("coding", 0, 1.0, 0.0, now)
        now += 30 * HALF_LIFE
    assert amounts(evidence, "coding", 0, now - 30 * HALF_LIFE)[0] == pytest.approx(1.0, abs=1e-6)
    assert evidence.of("coding").unit(now) <= LARGEST * 2.0**31


def test_what_was_known_before_can_be_told_later():
    told, seen = Evidence(1), Evidence(1)
    seen.add("coding", 0, 4.0, 1.0, 0.0)
    seen.add("coding", 0, 1.0, 0.0, HALF_LIFE)
    told.add("coding", 0, 1.0, 0.0, HALF_LIFE)
    told.add("coding", 0, 4.0, 1.0, 0.0)  # of a day ago
    assert amounts(told, "coding", 0, HALF_LIFE) == pytest.approx(amounts(seen, "coding", 0, HALF_LIFE))


def test_rows_grow_and_are_forgotten():
    evidence = Evidence(2)
    evidence.add("coding", 1, 1.0, 0.0, 0.0)
    evidence.grow(4)
    evidence.add("coding", 3, 1.0, 0.0, 0.0)
    evidence.forget(1)
    assert [amounts(evidence, "coding", row, 0.0)[0] for row in range(4)] == [0.0, 0.0, 0.0, 1.0]


def test_kinds_are_bounded():
    evidence = Evidence(1)
    for number in range(MOST_TASKS + 5):
        evidence.add(f"kind {number}", 0, 1.0, 0.0, 0.0)
    assert evidence.of("kind 4") is None
    assert evidence.of(f"kind {MOST_TASKS + 4}") is not None


def test_what_is_enough_follows_the_error_rate_where_it_is_told_to():
    evidence = Evidence(1)
    assert evidence.enough(0.0) == ENOUGH
    evidence.adaptive = True
    for _ in range(400):
        evidence.add("coding", 0, 1.0, 0.0, 0.0)
    few = evidence.enough(0.0)
    for _ in range(400):
        evidence.add("coding", 0, 0.0, 1.0, 0.0)
    assert few == 3
    assert evidence.enough(0.0) > 2 * few


@given(st.lists(st.tuples(st.floats(0, 1e7), st.booleans()), min_size=1, max_size=40))
def test_fading_is_the_same_in_any_order_of_telling(results):
    """Of results that are told late, the weight is that of their time."""
    evidence = Evidence(1)
    for at, good in results:
        evidence.add("coding", 0, float(good), float(not good), at)
    now = max(at for at, _ in results)
    expected = sum(2.0 ** ((at - now) / HALF_LIFE) for at, good in results if good)
    assert amounts(evidence, "coding", 0, now)[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)
