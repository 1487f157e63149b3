"""What is counted of costs: by who charged them and by what the requests are counted as, estimates apart."""

from __future__ import annotations

import pytest
from msgspec import structs

from pointsman.model.outcome import Estimate, FailureKind, Usage
from pointsman.telemetry.stats import stats_of
from pointsman.telemetry.tally import Tally

CUT = FailureKind.CUT


def charged(event, *costs: float | None):
    """The event, its attempts at these costs."""
    tries = [structs.replace(each, cost=cost) for each, cost in zip(event.outcome.attempts, costs, strict=True)]
    return structs.replace(event, outcome=structs.replace(event.outcome, attempts=tuple(tries)))


def counted(*events):
    tally = Tally(["m", "n"])
    tally.count(events)
    return stats_of(tally)["cost"]


def test_costs_add_up_by_deployment_and_by_route(made):
    """Those of which nobody knows are in none of the sums."""
    found = counted(
        charged(made(None, number=1), 1.0),
        charged(made(None, number=2, model="n"), 2.0),
        charged(made(None, number=3), None),
    )
    assert found == {"dollars": 3.0, "estimated": 0.0, "routes": {"m": 1.0, "n": 2.0}, "deployments": {"a": 3.0}}


def test_each_deployment_is_charged_its_own(made):
    """Also one that failed, if it said what it had used, and though nobody delivered in the end."""
    found = counted(
        charged(made(CUT, None, number=1), 0.25, 2.0), charged(made(CUT, CUT, number=2, status=502), 0.5, None)
    )
    assert found == {"dollars": 2.75, "estimated": 0.0, "routes": {"m": 2.75}, "deployments": {"a": 0.75, "b": 2.0}}


@pytest.mark.parametrize(("usage", "estimated"), [(Estimate(1, 1, 2), 2.0), (Usage(1, 1, 2), 0.0)])
def test_what_goes_by_estimated_tokens_is_told_apart(made, usage, estimated):
    """Only the last attempt's may be estimated."""
    found = counted(charged(made(CUT, None, usage=usage), 0.25, 2.0))
    assert (found["dollars"], found["estimated"]) == (2.25, estimated)


def test_a_deployment_that_nobody_can_price_has_no_cost(made):
    """It is not free."""
    assert counted(made(None)) == {"dollars": 0, "estimated": 0, "routes": {}, "deployments": {}}
