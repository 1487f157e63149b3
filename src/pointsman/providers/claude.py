"""How much Claude shall think, in the words of both places that serve it, Anthropic's own and AWS.

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
"""Tokens: Claude takes no smaller budget."""

NONE = "none"

_GIVEN = re.compile(r"claude-(?:[23][-.]|instant|[a-z]+-[1-3]\b|[a-z]+-4(?:$|-(?:[0-5](?:$|[-@])|\d{8}))|4-)")
"""Names of models that are given a number: Claude 2 to 4.5, in both orders of their words."""


def is_given(model: str) -> bool:
    """Whether the model is given a number of tokens to think with. A name that nobody knows is a newer model's."""
    return _GIVEN.search(model) is not None


def known_effort(effort: Any) -> None:
    """Raises Inexpressible if ``reasoning_effort`` is none of the words for it."""
    if effort != NONE and (not isinstance(effort, str) or effort not in EFFORTS):
        known = ", ".join((NONE, *EFFORTS))
        raise Inexpressible("reasoning_effort", f"this provider knows {known}")
