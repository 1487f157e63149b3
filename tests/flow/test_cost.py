"""What each attempt costs: by the usage that its upstream told, by an estimate if it delivered, or nobody knows."""

from __future__ import annotations

import json

import pytest

from pointsman.flow.effects import Ended, Failed
from pointsman.model.exchange import Answered
from pointsman.model.outcome import FailureKind

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
PRICED = {"input_cost": 0.01, "output_cost": 0.1}
SAID = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n'
COUNTED = b"data: " + json.dumps({"choices": [{"delta": {"content": "!"}}], "usage": USAGE}).encode() + b"\n\n"
DONE = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
CUT = Ended(FailureKind.CUT, "gone")


def answered(usage) -> Answered:
    return Answered(200, {}, json.dumps({"choices": [{"message": {"content": "hi"}}], "usage": usage}).encode())


def costs(kit, replies, *, stream=False, prices=(PRICED,), **more) -> list[float | None]:
    """Of each attempt, at ``a``, ``b``, …, each with its replies and prices."""
    names = "abc"[: len(replies)]
    world = kit.World({name: [reply] for name, reply in zip(names, replies, strict=True)})
    members = [kit.place(name, **(prices * 3)[n]) for n, name in enumerate(names)]
    return [attempt.cost for attempt in kit.House(world, *members, draws=(0.0,)).serve(stream=stream, **more).attempts]


def test_an_answer_costs_what_its_usage_comes_to(kit):
    """100 tokens of a cent and 10 of ten cents."""
    assert costs(kit, [answered(USAGE)]) == [pytest.approx(2.0)]


@pytest.mark.parametrize("prices", [{}, {"cached_cost": 0.5}])
def test_without_prices_nobody_knows(kit, prices):
    """None, which is not 0."""
    assert costs(kit, [answered(USAGE)], prices=(prices,)) == [None]


def test_a_price_beside_none_is_all_that_there_is_to_pay(kit):
    """Either of the two."""
    assert costs(kit, [answered(USAGE)], prices=({"output_cost": 0.1},)) == [pytest.approx(1.0)]
    assert costs(kit, [answered(USAGE)], prices=({"input_cost": 0.01},)) == [pytest.approx(1.0)]


def test_a_free_model_costs_nothing(kit):
    """0 is known."""
    assert costs(kit, [answered(USAGE)], prices=({"input_cost": 0.0},)) == [0.0]


def test_cached_tokens_are_cheaper_where_their_price_is_known(kit):
    """As the upstream counts them."""
    cached = {**USAGE, "prompt_tokens_details": {"cached_tokens": 60}}
    assert costs(kit, [answered(cached)], prices=({**PRICED, "cached_cost": 0.0},)) == [pytest.approx(1.4)]


def test_an_answer_without_usage_costs_an_estimate(kit):
    """Of the request's own tokens, and of a quarter of the answer's bytes."""
    body = answered(None).body
    assert costs(kit, [Answered(200, {}, body)], tokens=50) == [pytest.approx(0.5 + len(body) // 4 * 0.1)]


def test_a_stream_costs_what_its_last_usage_comes_to(kit):
    """Whenever it comes."""
    assert costs(kit, [kit.Stream(SAID, COUNTED, DONE)], stream=True) == [pytest.approx(2.0)]


def test_a_failure_costs_nothing_that_is_known(kit):
    """Only who delivered is counted, at its own price."""
    prices = (PRICED, {"input_cost": 0.001})
    found = costs(kit, [Failed(FailureKind.RESET, "no", sent=True), answered(USAGE)], prices=prices)
    assert found == [None, pytest.approx(0.1)]


@pytest.mark.parametrize(("frames", "cost"), [((SAID,), None), ((SAID, COUNTED), pytest.approx(2.0))])
def test_a_stream_that_breaks_off_costs_what_it_said_it_used(kit, frames, cost):
    """If it said so; a guess is no bill."""
    assert costs(kit, [kit.Stream(*frames, ended=CUT)], stream=True, timeout=1.0)[0] == cost
