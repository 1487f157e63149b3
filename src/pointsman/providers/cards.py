"""What an entry of a list in OpenAI's shape says of its model, in the words that servers and services have for it.

A figure that can't be believed is not known, and neither is a price in a unit that can't be charged.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import nan
from typing import Any

import msgspec

from pointsman.model.listing import Card
from pointsman.model.outcome import MOST_TOKENS
from pointsman.model.prices import MILLION
from pointsman.model.sizes import billions

LARGEST = 100_000.0
"""Billions of parameters that can be believed."""

DEAREST = 1.0
"""Dollars a token that can be believed."""

PRICES: dict[str, tuple[int, dict[str, str]]] = {
    "openrouter": (
        1,
        {
            "prompt": "input_cost",
            "completion": "output_cost",
            "input_cache_read": "cached_cost",
            "input_cache_write": "written_cost",
        },
    ),
    "together_ai": (MILLION, {"input": "input_cost", "output": "output_cost", "cached_input": "cached_cost"}),
}
"""Kinds whose lists tell prices: of how many tokens, and their words for them."""

FEES = ("request", "hourly")
"""What is charged besides tokens: with such a fee nobody knows what an answer costs."""

_ABSENT: Any = None


class Entry(msgspec.Struct, gc=False):
    """Contexts as vLLM and SGLang, OpenRouter and Together, Groq, Mistral and LM Studio, and Anthropic call them, and
    the one that LM Studio has loaded it with; answers as Groq and Anthropic do. What it takes: OpenRouter's
    ``architecture`` and ``supported_parameters``; ``capabilities`` as Mistral's yes and no or as LM Studio's words,
    beside its ``type``.
    """

    id: str
    max_model_len: Any = _ABSENT
    context_length: Any = _ABSENT
    context_window: Any = _ABSENT
    max_context_length: Any = _ABSENT
    loaded_context_length: Any = _ABSENT
    max_input_tokens: Any = _ABSENT
    max_completion_tokens: Any = _ABSENT
    max_tokens: Any = _ABSENT
    meta: Any = _ABSENT
    top_provider: Any = _ABSENT
    architecture: Any = _ABSENT
    supported_parameters: Any = _ABSENT
    capabilities: Any = _ABSENT
    type: Any = _ABSENT
    pricing: Any = _ABSENT


def card(entry: Entry, kind: str = "") -> Card:
    """What a server runs with counts more than what its model was trained with. ``kind``: who sends it; prices are read
    of those whose unit is known.
    """
    meta, top, takes = _part(entry.meta), _part(entry.top_provider), _part(entry.capabilities)
    contexts = (
        entry.loaded_context_length,
        entry.max_model_len,
        entry.context_length,
        entry.context_window,
        entry.max_context_length,
        entry.max_input_tokens,
        meta.get("n_ctx"),
        meta.get("n_ctx_train"),
    )
    bound = entry.max_tokens if entry.max_input_tokens is not None else None  # elsewhere nobody knows of what it is
    answers = (entry.max_completion_tokens, top.get("max_completion_tokens"), bound)
    modalities = _words(_part(entry.architecture).get("input_modalities"))
    vision = {"vlm": True, "llm": False}.get(entry.type) if isinstance(entry.type, str) else None
    return Card(
        size_counted(meta.get("n_params")),
        first_tokens(contexts),
        max_output=first_tokens(answers),
        vision=_flag(takes.get("vision"), "image" in modalities if modalities is not None else vision),
        tools=_flag(takes.get("function_calling"), _tools(entry)),
        **_prices(_part(entry.pricing), kind),
    )


def size_said(word: Any) -> float | None:
    """What "7.6B" says."""
    size = billions(word) if isinstance(word, str) else None
    return size if size is not None and 0 < size <= LARGEST else None


def size_counted(parameters: Any) -> float | None:
    """Parameters one by one, in billions as people count them: a model called 13B has some millions more."""
    if type(parameters) is not int or not 0 < parameters <= LARGEST * 1e9:
        return None
    return round(parameters / 1e9, 1 if parameters >= 1e9 else 3) or None


def first_tokens(figures: Iterable[Any]) -> int | None:
    """The first of these that can be a count of tokens."""
    return next((value for value in figures if type(value) is int and 0 < value <= MOST_TOKENS), None)


def _tools(entry: Entry) -> bool | None:
    """LM Studio names what a model can do only where it can do something; OpenRouter names every parameter."""
    parameters, abilities = _words(entry.supported_parameters), _words(entry.capabilities)
    if parameters is not None:
        return "tools" in parameters
    return True if abilities is not None and "tool_use" in abilities else None


def _prices(pricing: dict[str, Any], kind: str) -> dict[str, Any]:
    """Prices that are charged for tokens alone: both of the first two, and what is said of a cache."""
    if kind not in PRICES or any(_number(pricing.get(fee)) > 0 for fee in FEES):
        return {}
    unit, names = PRICES[kind]
    figures = {field: _number(pricing.get(name)) / unit for name, field in names.items()}
    told = {field: figure for field, figure in figures.items() if 0 <= figure <= DEAREST}
    return told if "input_cost" in told and "output_cost" in told else {}


def _number(value: Any) -> float:
    """A figure, or one that stands in a text, as OpenRouter has them; what changes with every request is -1 there. What
    is none is not a number.
    """
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else nan
    except (ValueError, OverflowError):
        return nan


def _flag(said: Any, otherwise: bool | None) -> bool | None:
    return said if isinstance(said, bool) else otherwise


def _words(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _part(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
