"""``redundant_models``: one model at several providers, and how the traffic is shared among them."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config.sections.context import Context
from pointsman.config.settings import ProviderShare
from pointsman.config.shapes import RedundantSection


def read_redundant(sections: Mapping[str, RedundantSection], context: Context) -> dict[str, tuple[ProviderShare, ...]]:
    """By public name. A provider that stands twice has its first share."""
    return {name: _shares(section, context) for name, section in sections.items()}


def _shares(section: RedundantSection, context: Context) -> tuple[ProviderShare, ...]:
    shares: dict[str, ProviderShare] = {}
    for part in section.providers:
        path = part.place("provider")
        provider = context.places.name(part.provider, path)
        if provider in shares:
            context.report.warning(path, "stands twice; the first share counts")
        shares.setdefault(provider, ProviderShare(provider, part.weight))
    return tuple(shares.values())
