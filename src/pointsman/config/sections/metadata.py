"""``request_metadata_routing``: requests that meet a condition go to a provider."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config.sections.context import Context
from pointsman.config.settings import MetadataRule
from pointsman.config.shapes import MetadataSection


def read_metadata(sections: Mapping[str, MetadataSection], context: Context) -> tuple[MetadataRule, ...]:
    """In document order; a rule whose condition is wrong is left out."""
    rules = []
    for name, section in sections.items():
        condition = context.conditions.read(section.condition, section.place("condition"))
        provider = context.places.name(section.provider, section.place("provider"))
        if condition is not None:
            rules.append(MetadataRule(name, provider, condition))
    return tuple(rules)
