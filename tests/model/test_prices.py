"""What a request comes to: dollars from tokens and prices, and nothing from what nobody knows."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.fakes import deployment
from pointsman.model.outcome import Attempt, Estimate, Outcome, Usage
from pointsman.model.prices import Price, PriceList, cost, dollars_told

M = 1e-6


def usage(**fields) -> Usage:
    """As an upstream writes it."""
    return msgspec.json.decode(msgspec.json.encode(fields), type=Usage)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({}, None),
        ({"input_cost": 2 * M, "output_cost": 8 * M}, 1000 * 2 * M + 500 * 8 * M),
        ({"input_cost": 2 * M}, 1000 * 2 * M),
        ({"output_cost": 8 * M}, 500 * 8 * M),
        ({"input_cost": 0.0}, 0.0),
        ({"cached_cost": 1 * M}, None),
        ({"input_cost": 2 * M, "price_up_to": 1000}, 1000 * 2 * M),
        ({"input_cost": 2 * M, "price_up_to": 999}, None),
    ],
    ids=["none", "both", "input", "output", "free", "only cached", "within", "beyond"],
)
def test_a_price_not_given_is_nothing_and_none_at_all_is_unknown(prices, expected):
    """0 is a price; beyond the tokens that the price holds for nobody knows."""
    told = usage(prompt_tokens=1000, completion_tokens=500, total_tokens=1500)
    assert cost(deployment("a", **prices), told) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("said", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 600}}, 600),
        ({"prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 1}, "prompt_cache_hit_tokens": 5}, 600),
        ({"prompt_cache_hit_tokens": 600, "prompt_cache_miss_tokens": 400}, 600),
        ({"prompt_tokens_details": None, "prompt_cache_hit_tokens": 600}, 600),
        ({"prompt_tokens_details": {"cached_tokens": 5000}}, 1000),
        ({"prompt_tokens_details": None}, 0),
        ({"prompt_tokens_details": {}}, 0),
        ({"prompt_tokens_details": {"cached_tokens": None}}, 0),
        ({"prompt_tokens_details": {"cached_tokens": -3}}, 0),
        ({"prompt_tokens_details": {"cached_tokens": "many"}}, 0),
        ({"prompt_cache_hit_tokens": True}, 0),
        ({}, 0),
    ],
)
def test_cached_tokens_have_a_price_of_their_own(said, cached):
    """OpenAI's word for them, then DeepSeek's; never more than the prompt has; what makes no sense is none."""
    told = usage(prompt_tokens=1000, total_tokens=1000, **said)
    at = deployment("a", input_cost=10 * M, cached_cost=1 * M)
    assert cost(at, told) == pytest.approx((1000 - cached) * 10 * M + cached * 1 * M)
    assert cost(deployment("a", input_cost=10 * M), told) == pytest.approx(1000 * 10 * M)


WRITTEN = {"cache_creation_tokens": 400}


@pytest.mark.parametrize(
    ("details", "written", "hour"),
    [
        (WRITTEN, 400, 0),
        ({"cache_write_tokens": 400}, 400, 0),
        ({**WRITTEN, "cache_write_tokens": 400, "cached_tokens": 500}, 400, 0),
        ({**WRITTEN, "cached_tokens": 900}, 100, 0),
        ({**WRITTEN, "hour_tokens": 300}, 400, 300),
        ({**WRITTEN, "hour_tokens": 3000}, 400, 400),
        ({"cache_creation_tokens": 5000}, 1000, 0),
        ({"cache_creation_tokens": -1, "hour_tokens": 5}, 0, 0),
        ({"cache_creation_tokens": "many"}, 0, 0),
        ({"cache_creation_tokens": None, "cache_write_tokens": True}, 0, 0),
        (None, 0, 0),
    ],
)
def test_what_is_put_into_a_cache_has_prices_of_its_own(details, written, hour):
    """By the hour or not, as LiteLLM and OpenRouter call it; never more than the prompt has besides what came from
    there. Without such a price they cost as any other.
    """
    told = usage(prompt_tokens=1000, total_tokens=1000, prompt_tokens_details=details)
    prices = {"input_cost": 10 * M, "cached_cost": 1 * M}
    plain = cost(deployment("a", **prices), told)
    short = {**prices, "written_cost": 12 * M}
    assert cost(deployment("a", **short), told) == pytest.approx(plain + written * 2 * M)
    dear = deployment("a", **short, written_hour_cost=20 * M)
    assert cost(dear, told) == pytest.approx(plain + (written - hour) * 2 * M + hour * 10 * M)
    assert cost(deployment("a", **prices, written_hour_cost=20 * M), told) == pytest.approx(plain + hour * 10 * M)


def test_thoughts_that_stand_in_the_total_alone_are_completion():
    """Grok and Gemini leave them out of the completion, and charge them."""
    told = usage(prompt_tokens=10, completion_tokens=5, total_tokens=115)
    assert cost(deployment("a", output_cost=1.0), told) == 105


def test_what_is_passed_on_of_a_usage_has_no_fields_that_nobody_sent():
    """Ollama's answers are written from it."""
    assert msgspec.json.encode(Usage(1, 2, 3)) == b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}'


@pytest.mark.parametrize(
    ("costs", "expected"), [((), None), ((None,), None), ((0.0,), 0.0), ((None, 2.0), 2.0), ((1.0, None, 2.0), 3.0)]
)
def test_a_request_costs_what_is_known_of_its_attempts(costs, expected):
    """Nothing of those of which nobody knows it."""
    attempts = tuple(Attempt("a", "m", None, 0.1, cost=each) for each in costs)
    assert Outcome(None, 200, attempts, Estimate()).cost == expected


@pytest.mark.parametrize(
    ("dollars", "told"), [(0.0, "0"), (1e-08, "0.00000001"), (0.0105, "0.0105"), (120.0, "120"), (1e-15, "0")]
)
def test_dollars_are_told_without_an_exponent(dollars, told):
    """So that whoever reads a header need not know of them."""
    assert dollars_told(dollars) == told


@given(st.floats(0, 1e6))
def test_dollars_can_be_read_back(dollars):
    """To a millionth of a millionth."""
    assert float(dollars_told(dollars)) == pytest.approx(dollars, abs=1e-12)


LIST = PriceList(date(2026, 10, 1), {"gpt-4o": Price(2.5), "gpt-4o-2024-05-13": Price(5.0)})


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("gpt-4o", 2.5),
        ("gpt-4o-2024-08-06", 2.5),
        ("gpt-4o-20240806", 2.5),
        ("gpt-4o-2024-05-13", 5.0),
        ("gpt-4o-mini", None),
        ("gpt-4o-audio-2024-08-06", None),
        ("-2024-08-06", None),
        ("", None),
    ],
)
def test_a_snapshot_is_charged_as_its_model(model, dollars):
    """Unless it has a row of its own; no other name is taken for a listed one."""
    found = LIST.price(model)
    assert (found.input if found is not None else None) == dollars
