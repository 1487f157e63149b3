"""Fields of a request that a wire format has no words for, told from those that ask for nothing.

What is null asks for nothing, nor does what says the usual; many clients write both down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from pointsman.model.request import Fields
from pointsman.providers.shapes import Inexpressible

V = TypeVar("V")

USUAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("auto", "none"),
    "function_call": ("auto", "none"),
    "parallel_tool_calls": (True,),
    "response_format": ({"type": "text"},),
    "verbosity": ("medium",),
    "suffix": ("",),
    "reasoning_effort": ("none",),
}
"""What each field says where it asks for nothing. To choose no tool is to be offered none."""

SERVICE = frozenset(
    {
        "encoding_format",
        "metadata",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream_options",
        "task",
        "user",
    }
)
"""Fields that concern a service and its records, how soon it answers, or how it writes its vectors: without them the
answer is the same.
"""

FIRM = frozenset({"input", "messages", "model", "prompt", "stream"})
"""Fields that are never left out: without them it is another question."""

TOGETHER: dict[str, tuple[str, ...]] = {
    "tools": ("tool_choice", "parallel_tool_calls"),
    "functions": ("function_call",),
    "logprobs": ("top_logprobs",),
}
"""Fields that mean nothing without another one, and are left out with it."""

LONGEST_USUAL = 64
"""Bytes: a longer value asks for something."""

_decode = msgspec.json.Decoder().decode


def lacking(fields: Fields, lacks: frozenset[str], takes: frozenset[str] | None = None) -> tuple[str, ...]:
    """The fields that ask for something there are no words for, in their order: those of ``lacks``, or with ``takes``
    all others than these.
    """
    if takes is None and lacks.isdisjoint(fields):
        return ()
    found = lacks.intersection(fields) if takes is None else fields.keys() - takes
    return tuple([name for name in fields if name in found and name not in SERVICE and not _is_usual(name, fields)])


def usual(name: str, value: Any) -> bool:
    """Does a field with this value ask for nothing?"""
    said = USUAL.get(name, ())
    return value is None or any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in said)


def _is_usual(name: str, fields: Fields) -> bool:
    said = bytes(fields[name])
    if len(said) > LONGEST_USUAL:
        return False
    try:
        return usual(name, _decode(said))
    except msgspec.DecodeError:  # a figure that no float holds
        return False


def without(fields: Mapping[str, V], names: Iterable[str]) -> dict[str, V]:
    """The fields but for these, and what goes with them."""
    left_out = tuple(names)
    out = frozenset([*left_out, *(other for name in left_out for other in TOGETHER.get(name, ()))])
    return {name: raw for name, raw in fields.items() if name not in out}


def refuse(names: tuple[str, ...]) -> None:
    """Raises Inexpressible if there are any; it is about the first, and names the others."""
    if names:
        others = f", nor for {', '.join(names[1:])}" if names[1:] else ""
        raise Inexpressible(names[0], f"this provider has no word for it{others}")
