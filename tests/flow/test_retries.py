"""How often a request is tried again: policies by cause, the budget over all requests, what may have been billed."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from pointsman.config.settings import RetrySettings
from pointsman.flow.effects import Failed
from pointsman.gateway.errors import error_response
from pointsman.model.exchange import Answered
from pointsman.model.outcome import CONSEQUENCES, FailureKind

RESET = Failed(FailureKind.RESET, "connection lost before a reply", sent=True)
REFUSED = Failed(FailureKind.REFUSED, "connection refused")
BROKEN = FailureKind.SERVER_ERROR


@pytest.fixture
def one(kit):
    """A group of one, so that every retry is of the same deployment."""

    def make(*replies, **more):
        more.setdefault("threshold", 100)
        return kit.House(kit.World({"a": list(replies)}), kit.place("a", **more.pop("own", {})), **more)

    return make


def asked(house) -> int:
    return len(house.world.calls)


def retries(**more) -> dict:
    return {"retries": RetrySettings(**more)}


@pytest.mark.parametrize(
    ("policies", "own", "wished", "calls"),
    [
        (({}, {}), None, None, 3),
        (({BROKEN: 4}, {}), None, None, 5),
        (({BROKEN: 0}, {}), None, None, 1),
        (({FailureKind.RESET: 0}, {}), None, None, 3),
        (({BROKEN: 4}, {"m": {BROKEN: 1}}), None, None, 2),
        (({BROKEN: 4}, {"m": {FailureKind.RESET: 1}}), None, None, 5),
        (({BROKEN: 4}, {"other": {BROKEN: 1}}), None, None, 5),
        (({BROKEN: 4}, {}), 1, 2, 5),
        (({BROKEN: 4}, {}), 1, 0, 1),
        (({}, {}), 1, None, 2),
        (({}, {}), 1, 3, 4),
        (({}, {}), 0, None, 1),
    ],
)
def test_whose_word_on_retries_counts(one, kit, policies, own, wished, calls):
    """The caller's 0, the group's policy, the router's, the caller, the deployment, the router: who speaks first."""
    policy, groups = policies
    house = one(kit.refused(500), own={"num_retries": own}, router=retries(policy=policy, groups=groups))
    house.serve(num_retries=wished)
    assert asked(house) == calls


@pytest.mark.parametrize("kind", [kind for kind, means in CONSEQUENCES.items() if not means.elsewhere])
def test_a_policy_may_repeat_what_is_final_else(one, kind):
    """Whoever writes a policy for bad requests gets the tries that it asks for."""
    house = one(Failed(kind, "it failed"), router=retries(policy={kind: 2}))
    house.serve()
    assert asked(house) == 3


@pytest.mark.parametrize(("sent", "again"), list(product([True, False], [RESET, REFUSED])))
def test_what_may_have_been_billed_is_asked_again_only_if_that_is_allowed(kit, sent, again):
    """Refused is refused: it never reached anybody. A lost answer may have been worked on."""
    members = kit.place("a"), kit.place("b")
    house = kit.House(kit.World({"a": [again]}), *members, draws=(0.0,), router=retries(sent=sent))
    trip = house.serve()
    assert house.world.asked == (["a", "b"] if sent or again is REFUSED else ["a"])
    assert trip.attempts[0].sent == (again is RESET)


@pytest.mark.parametrize(("status", "sent"), [(500, False), (502, True), (503, False), (504, True)])
def test_a_proxys_word_may_hide_an_answer(one, kit, status, sent):
    """502 and 504 come from somebody who lost sight of the server behind; it may have worked on."""
    house = one(kit.refused(status))
    assert house.serve(num_retries=0).attempts[0].sent == sent


@pytest.mark.parametrize(
    ("error", "sent"),
    [({"message": "busy", "type": "overloaded_error"}, False), ({"message": "it broke", "code": 500}, True)],
)
def test_an_error_inside_a_200_says_whether_anything_was_made(one, error, sent):
    """Who says that he won't serve it hasn't; who breaks in the middle may have."""
    house = one(Answered(200, {}, msgspec.json.encode({"error": error})))
    assert house.serve(num_retries=0).attempts[0].sent == sent


def test_a_failing_deployment_is_asked_again_only_within_the_budget(one, kit):
    """So many retries at a time are paid for, over all requests; the others give up at once."""
    house = one(kit.refused(500), router={"num_retries": 1})
    for _ in range(3):
        house.board.budget.pay()
    house.serve()
    assert asked(house) == 1
    house.board.budget.give_back()
    house.serve()
    assert (asked(house), house.board.budget.under_way) == (3, 2)


def test_somebody_in_good_standing_costs_nothing(kit):
    """Turning to a healthy deployment doesn't amplify an outage, however many requests do it."""
    house = kit.House(kit.World({"a": [kit.refused(500)]}), kit.place("a"), kit.place("b"), draws=(0.0,))
    for _ in range(3):
        house.board.budget.pay()
    trip = house.serve()
    assert (house.world.asked, trip.error, house.board.budget.under_way) == (["a", "b"], None, 3)


def test_a_retry_is_paid_for_while_it_lasts(one, kit):
    """From its lease until it ends, whatever comes of it; the first try costs nothing."""
    seen = []

    def look(_call):
        seen.append(house.board.budget.under_way)
        return kit.refused(500)

    house = one(look, router={"num_retries": 2})
    house.serve()
    assert (seen, house.board.budget.under_way) == ([0, 1, 1], 0)


def test_an_exception_gives_a_paid_retry_back(one, kit):
    """A bug in a driver must not use the budget up."""
    house = one(kit.refused(500), RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        house.serve()
    assert (house.board.budget.under_way, house.in_flight) == (0, 0)


@pytest.mark.parametrize(
    ("replies", "wished", "told"),
    [([500], None, "false"), ([500], 0, None), ([429], None, "false"), ([400], None, None), ([503], 0, None)],
)
def test_clients_are_told_not_to_do_it_all_over(one, kit, replies, wished, told):
    """An SDK would try a 5xx twice more: three times three requests. Its own fault it does not repeat, and who
    wants no retries of ours may want his own.
    """
    house = one(*[kit.refused(status) for status in replies])
    _, headers, _ = error_response(house.serve(num_retries=wished).error)
    assert headers.get("x-should-retry") == told
