"""What an entry of a list in OpenAI's shape says of its model, in the words of each service and server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.model.listing import Card
from pointsman.model.outcome import MOST_TOKENS
from pointsman.providers.cards import DEAREST, LARGEST, PRICES, Entry, card


def told(kind: str = "openrouter", **fields: Any) -> Card:
    return card(msgspec.convert({"id": "m", **fields}, Entry), kind)


OPENROUTER = {
    "context_length": 200_000,
    "architecture": {"modality": "text+image->text", "input_modalities": ["text", "image"], "tokenizer": "Other"},
    "pricing": {
        "prompt": "0.000003", "completion": "0.000015", "request": "0", "image": "0.0048",
        "input_cache_read": "0.0000003", "input_cache_write": "0.00000375",
    },
    "top_provider": {"context_length": 200_000, "max_completion_tokens": 64_000, "is_moderated": False},
    "supported_parameters": ["max_tokens", "temperature", "tools", "tool_choice"],
}  # fmt: skip
TOGETHER = {
    "type": "chat",
    "context_length": 131_072,
    "pricing": {"hourly": 0, "input": 0.88, "output": 0.88, "base": 0, "finetune": 0},
}
GROQ = {"owned_by": "Meta", "active": True, "context_window": 131_072, "max_completion_tokens": 32_768}
MISTRAL = {
    "max_context_length": 32_768,
    "capabilities": {"completion_chat": True, "function_calling": True, "vision": False, "fine_tuning": False},
}
STUDIO = {"type": "vlm", "state": "loaded", "max_context_length": 32_768, "loaded_context_length": 4096}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            OPENROUTER,
            Card(None, 200_000, None, 64_000, True, True, 0.000003, 0.000015, 0.0000003, 0.00000375),
        ),
        ({**TOGETHER, "kind": "together_ai"}, Card(None, 131_072, input_cost=0.88e-6, output_cost=0.88e-6)),
        ({**OPENROUTER, "kind": "openai"}, Card(None, 200_000, None, 64_000, True, True)),
        (GROQ, Card(None, 131_072, max_output=32_768)),
        (MISTRAL, Card(None, 32_768, vision=False, tools=True)),
        (STUDIO, Card(None, 4096, vision=True)),
        ({**STUDIO, "type": "llm", "capabilities": ["tool_use"]}, Card(None, 4096, vision=False, tools=True)),
        ({"max_input_tokens": 200_000, "max_tokens": 64_000}, Card(None, 200_000, max_output=64_000)),
        ({"max_tokens": 64_000}, Card()),
        ({"architecture": {"input_modalities": ["text"]}, "supported_parameters": []}, Card(vision=False, tools=False)),
    ],
    ids=[
        "openrouter",
        "together",
        "of an unknown unit",
        "groq",
        "mistral",
        "lm studio",
        "its tools",
        "anthropic",
        "of what",
        "neither",
    ],
)
def test_each_service_is_understood(fields, expected):
    """Written after their public references."""
    assert told(**fields) == expected


@pytest.mark.parametrize(
    "pricing",
    [
        {"prompt": "-1", "completion": "-1"},
        {"prompt": "0.000001"},
        {"prompt": "0.000001", "completion": "0.000002", "request": "0.01"},
        {"input": 0, "output": 0},
        {"prompt": "cheap", "completion": "nan"},
        {"prompt": "2", "completion": "2"},
        {"prompt": True, "completion": None},
        {"prompt": [], "completion": {}},
        {"prompt": 10**400, "completion": "1e400"},
        "free",
        None,
    ],
)
def test_prices_that_can_not_be_charged_by_the_token_are_not_known(pricing):
    """Those that change with every request, those of the hour, fees, halves, jokes. 0 is a price."""
    assert told(pricing=pricing) == Card()
    assert told(pricing={"prompt": "0", "completion": "0"}) == Card(input_cost=0.0, output_cost=0.0)


def test_what_is_charged_by_the_hour_has_no_price_a_token():
    """Together lists it with zeros."""
    assert told("together_ai", pricing={"input": 0, "output": 0, "hourly": 2.5}) == Card()
    assert told("together_ai", pricing={"input": 0, "output": 0, "hourly": 0}) == Card(input_cost=0.0, output_cost=0.0)


def test_a_price_of_a_cache_that_makes_no_sense_is_left_out():
    """The others stay."""
    pricing = {"prompt": "0.000001", "completion": "0.000002", "input_cache_read": "-1", "input_cache_write": "?"}
    assert told(pricing=pricing) == Card(input_cost=1e-6, output_cost=2e-6)


NAMES = ("n_ctx", "n_params", "max_completion_tokens", "input_modalities", "vision", "function_calling", "prompt",
         "completion", "input", "output", "request", "hourly", "input_cache_read", "cached_input")  # fmt: skip
odd: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6),
    lambda more: st.lists(more, max_size=3) | st.dictionaries(st.sampled_from(NAMES), more, max_size=4),
    max_leaves=8,
)
FIELDS = [field for field in Entry.__struct_fields__ if field != "id"]


@given(st.dictionaries(st.sampled_from(FIELDS), odd, max_size=8), st.sampled_from(["", *PRICES]))
def test_whatever_it_says_what_is_known_can_be_believed(fields, kind):
    """Or nothing is."""
    found = told(kind, **fields)
    assert all(figure is None or 0 < figure <= MOST_TOKENS for figure in (found.context, found.max_output))
    assert found.size is None or 0 < found.size <= LARGEST
    assert {type(found.vision), type(found.tools)} <= {bool, type(None)}
    prices = (found.input_cost, found.output_cost, found.cached_cost, found.written_cost)
    assert all(price is None or 0 <= price <= DEAREST for price in prices)
    assert (found.input_cost is None) == (found.output_cost is None)
