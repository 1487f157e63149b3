"""``model_size_routing``: names go to a provider by how large their model is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

from pointsman.config.findings import Path, Report
from pointsman.config.sections.context import Context
from pointsman.config.settings import SizeRule
from pointsman.config.shapes import SizeSection
from pointsman.model.sizes import billions

FORMS = '"< 8B", "<= 8B", "8B - 13B" (both are in), "> 13B", ">= 70B", "7B"'

_BOUND = re.compile(r"(<=|<|>=|>)?([^<>=]+)")
_RANGE = re.compile(r"([^-]+)-([^-]+)")


def read_sizes(sections: Sequence[SizeSection], context: Context) -> tuple[SizeRule, ...]:
    """In document order; a rule whose range is wrong is left out."""
    rules = []
    for section in sections:
        provider = context.places.name(section.provider, section.place("provider"))
        fallback = context.places.optional(section.fallback, section.place("fallback"))
        bounds = _bounds(section.size, section.place("size"), context.report)
        if bounds is not None:
            rules.append(SizeRule(section.size, provider, *bounds, fallback, section.reason or ""))
    return tuple(rules)


def _bounds(text: str, path: Path, report: Report) -> tuple[float, float, bool, bool] | None:
    """The least and the most, and whether each itself is out; None with a finding if the text says no range."""
    least, most, above, below = 0.0, inf, False, False
    bound, between = _BOUND.fullmatch(text.strip()), _RANGE.fullmatch(text)
    sizes = [billions(word) for word in (between.groups() if between else bound.groups()[1:] if bound else ("",))]
    if None in sizes:
        report.error(path, "is no range of sizes: {}", text, suggestion=FORMS)
        return None
    first, last = sizes[0] or 0.0, sizes[-1] or 0.0
    sign = bound[1] if bound else None
    if not (sign or "").startswith("<"):
        least, above = first, sign == ">"
    if not (sign or "").startswith(">"):
        most, below = last, sign == "<"
    if least > most or (least == most and (above or below)):
        report.error(path, "is a range that holds no size: {}", text)
        return None
    return least, most, above, below
