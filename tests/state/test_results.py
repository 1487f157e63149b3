"""The window of results and the figures made of it, against the simplest thing that could be right."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.view import UNSEEN
from pointsman.state.ordered import Ordered
from pointsman.state.results import (
    DECAY,
    EVERY,
    FAR,
    HALF_LIFE,
    LONGEST,
    MOST,
    RENEWED,
    TICK,
    Peak,
    Result,
    Results,
)

NOW = 10_000.0
times = st.floats(0.001, 500.0)


def window(*added: Result) -> Results:
    results = Results()
    for result in added:
        results.add(result)
    return results


def answers(*seconds: float, at: float = NOW) -> list[Result]:
    return [Result(at, one) for one in seconds]


def test_who_has_no_results_is_unseen():
    """No figures, and a success rate that nothing speaks against."""
    assert Results().standing(NOW) is UNSEEN


@given(st.lists(times, min_size=1, max_size=MOST))
def test_of_equally_old_results_latency_is_the_median_and_first_token_the_95th_percentile(seconds):
    """Of the lower two in the middle, as every quantile here is one of the values seen."""
    results = window(*[Result(NOW, one, one / 2) for one in seconds])
    found = results.standing(NOW)
    assert found.samples == len(seconds)
    assert found.latency == statistics.median_low(seconds)
    rank = math.ceil(0.95 * len(seconds))
    assert found.first_token in {s / 2 for s in sorted(seconds)[rank - 1 : rank + 1]}


weighed = st.lists(st.tuples(times, st.floats(0.01, 1.0)), min_size=1, max_size=30)


@given(weighed, st.lists(st.integers(0, 29), max_size=10), st.floats(0.01, 1.0))
def test_a_quantile_is_the_smallest_value_that_so_much_weight_does_not_exceed(pairs, gone, share):
    """At most the share lies below it, at least the share up to it; whatever was added and dropped before."""
    ordered = Ordered(pairs[::2])
    for value, weight in pairs[1::2]:
        ordered.add(value, weight)
    left = pairs.copy()
    for index in gone:
        if index < len(left) > 1:
            ordered.drop(*left.pop(index))
    found = ordered.at(share)
    total = math.fsum(weight for _, weight in left)
    assert math.fsum(w for v, w in left if v < found) <= share * total * (1 + 1e-9)
    assert math.fsum(w for v, w in left if v <= found) >= share * total * (1 - 1e-9)


def test_a_quantile_of_nothing_is_none():
    """Where there are no figures none is made up."""
    assert Ordered().at(0.5) is None


def test_weights_hold_for_years():
    """However far apart results are: what is old is gone, nothing overflows, and what is new weighs as it should."""
    results, now = Results(), NOW
    for seconds in (1.0, 1.0, 1.0, 2.0):
        now += 10 * FAR
        results.add(Result(now - HALF_LIFE, 9.0))
        results.add(Result(now - HALF_LIFE, 9.0))
        results.add(Result(now - HALF_LIFE, delivered=False))
        results.add(Result(now, seconds))
        found = results.standing(now)
        assert (found.samples, found.latency) == (4, seconds)
        assert found.success_rate == pytest.approx(2 / 2.5)


@pytest.mark.parametrize(("older", "latency"), [(1, 3.0), (2, 1.0)])
def test_a_result_that_is_a_half_life_old_weighs_half(older, latency):
    """One new answer outweighs one old one, and is level with two: then the lower is the median."""
    old = answers(*[1.0] * older, at=NOW - HALF_LIFE)
    results = window(*old, Result(NOW, 3.0))
    assert results.standing(NOW).latency == latency


def test_the_success_rate_weighs_likewise():
    """A failure that is two half-lives old counts a quarter of a success of this moment."""
    results = window(Result(NOW - 2 * HALF_LIFE, delivered=False), Result(NOW, 1.0))
    assert results.standing(NOW).success_rate == pytest.approx(1 / 1.25)


def test_failures_have_no_times():
    """A refusal is not a quick answer, and a time-out is told by ``peak`` alone."""
    results = window(Result(NOW, delivered=False), Result(NOW, 30.0, delivered=False))
    found = results.standing(NOW)
    assert (found.samples, found.success_rate, found.latency, found.first_token, found.per_token) == (
        2,
        0,
        None,
        None,
        None,
    )
    assert found.peak == 30.0


def test_seconds_a_token_are_the_answers_own():
    """Seconds by tokens of each answer, and the median of these; answers without tokens (embeddings) have none."""
    results = window(
        Result(NOW, 4.0, tokens=2), Result(NOW, 9.0, tokens=3), Result(NOW, 5.0, tokens=1), Result(NOW, 7.0)
    )
    assert results.standing(NOW).per_token == 3.0
    assert window(*answers(1.0)).standing(NOW).per_token is None


def test_only_the_last_hundred_count():
    """The hundred and first pushes the first out."""
    results = window(*answers(*[9.0] * MOST), *answers(*[1.0] * MOST))
    found = results.standing(NOW)
    assert (found.samples, found.latency, len(results)) == (MOST, 1.0, MOST)


def test_after_an_hour_without_results_it_is_unseen_again():
    """So who was slow once is worth another try."""
    results = window(*answers(9.0))
    assert results.standing(NOW + LONGEST).latency == 9.0
    assert results.standing(NOW + LONGEST + RENEWED) is UNSEEN
    results.add(Result(NOW + LONGEST + RENEWED, 2.0))
    found = results.standing(NOW + LONGEST + RENEWED)
    assert (found.latency, found.peak, found.samples) == (2.0, 2.0, 1)


def test_what_is_older_than_an_hour_goes_and_what_is_not_stays():
    """The oldest first."""
    results = window(*answers(9.0, 9.0), *answers(1.0, at=NOW + LONGEST))
    found = results.standing(NOW + LONGEST + 1)
    assert (found.samples, found.latency, len(results)) == (1, 1.0, 1)


def test_the_first_few_results_each_make_new_figures():
    """Who is new is known after one request, not after ten."""
    results = Results()
    for n in range(1, EVERY):
        results.add(Result(NOW, float(n)))
        assert results.standing(NOW).samples == n


def test_later_it_takes_ten_new_ones():
    """Or a minute: until then the figures stand still, whatever comes in."""
    results = window(*answers(*[1.0] * EVERY))
    assert results.standing(NOW).samples == EVERY
    for _ in range(EVERY - 1):
        results.add(Result(NOW, 5.0))
        assert results.standing(NOW).samples == EVERY
    results.add(Result(NOW, 5.0))
    assert results.standing(NOW).samples == 2 * EVERY
    results.add(Result(NOW, 5.0))
    assert results.standing(NOW + RENEWED - 1.0).samples == 2 * EVERY
    assert results.standing(NOW + RENEWED).samples == 2 * EVERY + 1


def test_without_news_the_same_object_is_given():
    """A decision that looks at a pool pays a comparison a member."""
    results = window(*answers(1.0))
    first = results.standing(NOW)
    assert results.standing(NOW + TICK / 2) is first
    assert results.standing(NOW + TICK) is not first


def test_a_clear_window_is_as_new():
    """Nothing of the past shows."""
    results = window(*answers(5.0, 7.0))
    results.standing(NOW)
    results.clear()
    assert results.standing(NOW) is UNSEEN
    results.add(Result(NOW, 1.0))
    assert results.standing(NOW).peak == 1.0


# Peak


def peak(*seen: Result) -> Peak:
    made = Peak()
    for result in seen:
        made.observe(result)
    return made


def test_what_is_slower_counts_in_full_at_once():
    """One slow answer is enough to send others elsewhere."""
    assert peak(*answers(1.0, 20.0)).at(NOW) == 20.0


def test_what_is_faster_brings_it_down_bit_by_bit():
    """A fast answer right after a slow one changes nearly nothing; one after the decay counts most."""
    assert peak(Result(NOW, 20.0), Result(NOW, 1.0)).at(NOW) == 20.0
    later = NOW + DECAY
    kept = math.exp(-1)
    assert peak(Result(NOW, 20.0), Result(later, 1.0)).at(later) == pytest.approx(20 * kept + 1 - kept)


def test_it_falls_with_time():
    """Who is not asked any more becomes worth asking."""
    assert peak(*answers(20.0)).at(NOW + DECAY) == pytest.approx(20 / math.e)


def test_a_streams_time_is_that_to_its_first_content():
    """The rest of a stream is as long as the answer, and as slow as its reader."""
    assert peak(Result(NOW, 60.0, 0.5)).at(NOW) == 0.5


def test_failures_never_bring_it_down():
    """A time-out raises it; a shorter one, and a refusal at once, say nothing."""
    assert peak(*answers(2.0), Result(NOW, 30.0, delivered=False)).at(NOW) == 30.0
    later = NOW + DECAY
    seen = peak(*answers(2.0), Result(later, 1.0, delivered=False), Result(later, delivered=False))
    assert seen.at(later) == pytest.approx(2 / math.e)
    assert peak(Result(NOW, delivered=False)).at(NOW) is None


seen = st.builds(Result, st.just(0.0), st.none() | times, st.none() | times, st.integers(0, 500), st.booleans())
moments = st.lists(st.tuples(st.floats(-300, 5000), seen), max_size=40)


@given(moments)
def test_whatever_happens_when_figures_stay_sane(plan):
    """With clocks that step back too: rates in 0..1, times among those seen, a peak no higher than the highest."""
    results, now, seen = Results(), NOW, []
    for step, result in plan:
        now += step
        added = Result(now, result.seconds, result.first_token, result.tokens, result.delivered)
        results.add(added)
        seen.append(added)
        found = results.standing(now)
        assert 0.0 <= found.success_rate <= 1.0
        assert found.samples <= min(len(seen), MOST)
        assert found.latency is None or found.latency in {r.seconds for r in seen if r.delivered}
        highest = max((s for r in seen for s in (r.seconds, r.first_token) if s is not None), default=0.0)
        assert found.peak is None or 0.0 <= found.peak <= highest
