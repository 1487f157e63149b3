"""``redundant_models``: one model at several providers, and how the traffic is shared among them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pointsman.config.findings import Report
from pointsman.config.sections.context import Context
from pointsman.config.settings import ProviderShare, Strategies
from pointsman.config.shapes import RedundantSection
from pointsman.config.strategies import BY_WEIGHT, DEFAULT


def read_redundant(sections: Mapping[str, RedundantSection], context: Context) -> dict[str, tuple[ProviderShare, ...]]:
    """By public name. A provider that stands twice has its first share."""
    return {name: _shares(section, context) for name, section in sections.items()}


def by_weight(sections: Mapping[str, RedundantSection], strategies: Strategies, report: Report) -> Strategies:
    """Where shares say weights, a strategy that heeds them picks, unless the model has one of its own."""
    groups = dict(strategies.groups)
    for name, section in sections.items():
        weighed = any(part.weight is not None for part in section.providers)
        if weighed and name not in groups and strategies.default not in BY_WEIGHT:
            text = "its weights are shares: {} picks here, for {} heeds no weights"
            report.info(section.path, text, DEFAULT, strategies.default)
            groups[name] = DEFAULT
    made: Strategies = msgspec.structs.replace(strategies, groups=groups)
    return made


def _shares(section: RedundantSection, context: Context) -> tuple[ProviderShare, ...]:
    shares: dict[str, ProviderShare] = {}
    for part in section.providers:
        path = part.place("provider")
        provider = context.places.name(part.provider, path)
        if provider in shares:
            context.report.warning(path, "stands twice; the first share counts")
        shares.setdefault(provider, ProviderShare(provider, part.weight))
    return tuple(shares.values())
