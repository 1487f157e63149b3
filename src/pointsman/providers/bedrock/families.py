"""Where models behind Converse differ: how many tokens may be looked at, and how much they shall think.

Converse passes on what only some models know in ``additionalModelRequestFields``, each maker with words of its own.
A model is known by its name; what an ARN of one's own stands for is not, so it is taken for the usual.
"""

from __future__ import annotations

from typing import Any

from pointsman.providers.claude import BUDGETS, EFFORTS, LEAST, NONE, is_given, known_effort
from pointsman.providers.shapes import Inexpressible

CLAUDE, NOVA = "claude", "nova"

NOVA_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}

Fields = dict[str, Any]


def family_of(model: str) -> str:
    """``claude``, ``nova``, or nothing that is told apart here."""
    return next((family for family in (CLAUDE, NOVA) if family in model), "")


def limit_tokens(value: Any, model: str, more: Fields) -> None:
    """``top_k``, written where the model looks for it."""
    if family_of(model) == NOVA:
        more["inferenceConfig"] = {"topK": value, **_section(more, "inferenceConfig")}
    else:
        more.setdefault("top_k", value)


def think(effort: Any, model: str, out: Fields, more: Fields, *, going_on: bool) -> None:
    """Write what ``reasoning_effort`` means to the model: into ``more``, its own fields, and Converse's ``out``.

    What a caller says in the model's own words counts before it. ``going_on``: a tool's result is to be gone on from,
    where older Claudes want their earlier thoughts back and have none; so they are not asked to think. Raises
    Inexpressible.
    """
    known_effort(effort)
    family = family_of(model)
    if family == CLAUDE:
        _claude(effort, model, out, more, going_on=going_on)
    elif family == NOVA:
        wish = (
            {"type": "enabled", "maxReasoningEffort": NOVA_EFFORTS[effort]} if effort != NONE else {"type": "disabled"}
        )
        more.setdefault("reasoningConfig", wish)
    else:
        more.setdefault("reasoning_effort", effort)


def _claude(effort: str, model: str, out: Fields, more: Fields, *, going_on: bool) -> None:
    if "thinking" in more:
        return
    if not is_given(model):
        more["thinking"] = {"type": "disabled"} if effort == NONE else {"type": "adaptive"}
        if effort != NONE:
            out["outputConfig"] = {"effort": EFFORTS[effort], **_section(out, "outputConfig")}
        return
    bound = out.get("inferenceConfig", {}).get("maxTokens")
    budget = BUDGETS.get(effort, 0)
    if isinstance(bound, int):
        budget = min(budget, bound // 2)
    if budget >= LEAST and not going_on:
        more["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _section(fields: Fields, name: str) -> Fields:
    section = fields.get(name, {})
    if not isinstance(section, dict):
        raise Inexpressible(name, "an object is needed")
    return section
