"""How much a model shall think: OpenAI's ``reasoning_effort`` as tokens for older models, as an effort for others."""

from __future__ import annotations

from typing import Any

from pointsman.providers.claude import BUDGETS, EFFORTS, LEAST, NONE, is_given, known_effort
from pointsman.providers.shapes import Inexpressible


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
    known_effort(effort)
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
