"""How much a model shall think: OpenAI's ``reasoning_effort`` as tokens for older models, as an effort for the others.

Models up to Claude 4.5 are given a number of tokens; those from 4.6 on decide themselves and are told an effort, and
those from 4.7 on refuse a number.
"""

from __future__ import annotations

import re
from typing import Any

from pointsman.providers.shapes import Inexpressible

BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
"""Tokens for thinking, of the models that are given a number."""

EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
"""The word for it, of those that decide themselves."""

LEAST = 1024
"""Tokens: Anthropic takes no smaller budget."""

NONE = "none"

_GIVEN = re.compile(r"claude-(?:[23][-.]|instant|[a-z]+-[1-3]\b|[a-z]+-4(?:$|-(?:[0-5](?:$|[-@])|\d{8}))|4-)")
"""Names of models that are given a number: Claude 2 to 4.5, in both orders of their words."""


def is_given(model: str) -> bool:
    """Whether the model is given a number of tokens to think with. A name that nobody knows is a newer model's."""
    return _GIVEN.search(model) is not None


def configure(out: dict[str, Any], name: str, value: Any) -> None:
    """Write into ``output_config``; what stands there already stays. Raises Inexpressible."""
    own = out.get("output_config", {})
    if not isinstance(own, dict):
        raise Inexpressible("output_config", "an object is needed")
    out["output_config"] = {name: value, **own}


def think(effort: Any, model: str, out: dict[str, Any], *, bound: int | None, going_on: bool) -> None:
    """Write what ``effort`` means into ``out``; what the caller says in Anthropic's own words counts before it.

    ``bound`` is how long the answer may be if anybody said; of it half may be thoughts. ``going_on``: a tool's result
    is to be gone on from, where older models want their earlier thoughts back, which OpenAI's protocol does not carry;
    so they are not asked to think. Raises Inexpressible.
    """
    if effort != NONE and (not isinstance(effort, str) or effort not in EFFORTS):
        known = ", ".join((NONE, *EFFORTS))
        raise Inexpressible("reasoning_effort", f"this provider knows {known}")
    if "thinking" in out:
        return
    if not is_given(model):
        out["thinking"] = {"type": "disabled"} if effort == NONE else {"type": "adaptive"}
        if effort != NONE:
            configure(out, "effort", EFFORTS[effort])
        return
    budget = BUDGETS.get(effort, 0)
    if bound is not None:
        budget = min(budget, bound // 2)
    if budget >= LEAST and not going_on:
        out["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if bound is None:
            out["max_tokens"] += budget
