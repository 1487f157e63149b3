"""The seven routing metrics: what each is of which requests, over five minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment, provider
from pointsman.telemetry.routing_rates import FEW, balance, routing_rates
from pointsman.telemetry.tally import Tally

AT = 1_700_000_000.0
SEVEN = {
    "routing_decision_time_ms",
    "exact_match_rate",
    "pattern_match_rate",
    "fallback_trigger_rate",
    "provider_distribution",
    "load_balance_effectiveness",
    "cache_hit_rate",
}
A, B = deployment("a", "m", provider("pa")), deployment("b", "m", provider("pb"))


def rates(tally: Tally, now: float = AT + 2, deployments=(A, B)) -> dict:
    """Each gauge's value by its name; where it has labels, by theirs."""
    found = {}
    for family in routing_rates(tally, deployments, now):
        assert family.type == "gauge"
        for sample in family.samples:
            assert sample.name == family.name
            name = family.name.removeprefix("pointsman_")
            found[(name, sample.labels["provider"]) if sample.labels else name] = sample.value
    return found


def test_there_are_the_seven_of_the_document_from_the_start():
    """Before the first request: no rate of anything, and nothing out of balance."""
    found = rates(Tally([]))
    assert {name if isinstance(name, str) else name[0] for name in found} == SEVEN
    assert found.pop("load_balance_effectiveness") == 1.0
    assert set(found.values()) == {0.0}


def test_rates_are_parts_of_the_requests_of_five_minutes(made):
    """Two exact, one by a pattern, one that nobody could take; one went to a fallback."""
    tally = Tally(["m"])
    old = {"at": AT - 400, "decided": 1.0}
    tally.count([made(None, finished=old, decision={"route": "pattern"}, tier=1)] * 50)
    tally.count(
        [
            made(None, finished={"decided": 0.001}),
            made(None, tier=1, finished={"decided": 0.002}),
            made(None, decision={"route": "pattern"}, finished={"decided": 0.003, "provider": "pb", "deployment": "b"}),
            made(status=503),
        ]
    )
    found = rates(tally)
    assert found["exact_match_rate"] == 0.5
    assert found["pattern_match_rate"] == 0.25
    assert found["fallback_trigger_rate"] == 0.25
    assert found["routing_decision_time_ms"] == pytest.approx(2.0)
    assert found["provider_distribution", "pa"] == pytest.approx(2 / 3)
    assert found["provider_distribution", "pb"] == pytest.approx(1 / 3)


def test_the_cache_is_judged_by_what_was_looked_up(made):
    """Requests that went past it are no misses."""
    tally = Tally([])
    tally.count([made(None, finished={"cache": word}) for word in ("hit", "miss", "miss", "miss", "bypass")])
    assert rates(tally)["cache_hit_rate"] == 0.25


def test_five_minutes_later_there_are_no_rates(made):
    """What was counted since the start stays; what is told of the present does not."""
    tally = Tally(["m"])
    tally.count([made(None)])
    assert rates(tally, AT + 400)["exact_match_rate"] == 0.0
    assert sum(tally.ways.values()) == 1


@pytest.mark.parametrize(
    ("weights", "loads", "expected"),
    [
        ((None, None), (100, 100), 1.0),
        ((None, None), (200, 0), 0.0),
        ((None, None), (150, 50), 0.5),
        ((0.7, 0.3), (70, 30), 1.0),
        ((0.7, 0.3), (0, 100), 0.0),
        ((0.7, 0.3), (100, 0), 1 - 0.3 / 0.7),
        ((1, 0), (100, 0), 1.0),
        ((1, 0), (0, 100), 0.0),
        ((None, None), (FEW, FEW - 1), 1.0),
        ((None, None), (2 * FEW - 1, 0), 1.0),
    ],
)
def test_balance_is_how_near_loads_are_to_the_shares(weights, loads, expected):
    """1 as intended, 0 if all went to who should have least; of a few requests nothing is said."""
    pool = [deployment(str(n), weight=weight) for n, weight in enumerate(weights)]
    counts = {str(n): float(load) for n, load in enumerate(loads)}
    assert balance(pool, counts) == pytest.approx(expected)


def test_groups_are_told_apart_by_name_order_and_tags():
    """A reserve that nobody needed and an adapter that nobody asked for are not out of balance."""
    pool = [
        deployment("a"),
        deployment("b"),
        deployment("reserve", order=2),
        deployment("code", tags=("code",)),
        deployment("other", "n"),
        deployment("open", "*", model=None),
    ]
    assert balance(pool, {"a": 50.0, "b": 50.0, "code": 3.0, "other": 1000.0, "open": 1000.0}) == 1.0


def test_groups_count_by_their_requests():
    """A busy group that is even and a quiet one that is not."""
    pool = [deployment(name, group) for name, group in (("a", "m"), ("b", "m"), ("c", "n"), ("d", "n"))]
    assert balance(pool, {"a": 150.0, "b": 150.0, "c": 100.0}) == pytest.approx(0.75)


def test_members_of_a_shared_pool_are_compared_with_their_shares_there():
    """One of them stands in ``model_list`` too and has no weight of its own, the other is there for this name only."""
    known = [deployment("a"), deployment("b", weight=0.3)]
    shared = (deployment("a", weight=0.7), deployment("b", weight=0.3))
    assert balance(known, {"a": 70.0, "b": 30.0}, [shared]) == pytest.approx(1.0)
    assert balance(known, {"a": 30.0, "b": 70.0}, [shared]) == pytest.approx(1 - 0.4 / 0.7)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 10_000)), min_size=1, max_size=6))
def test_balance_is_a_part_of_one(members):
    """Whatever the weights and the loads."""
    pool = [deployment(str(n), weight=weight) for n, (weight, _) in enumerate(members)]
    found = balance(pool, {str(n): float(load) for n, (_, load) in enumerate(members)})
    assert -1e-9 <= found <= 1 + 1e-9
