"""``capabilities``: what a request may ask for by ``X-Capability``, and who has it."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config import strategies
from pointsman.config.names import Ref
from pointsman.config.sections.context import Context
from pointsman.config.settings import Capability
from pointsman.config.shapes import CapabilitySection


def read_capabilities(sections: Mapping[str, CapabilitySection], context: Context) -> dict[str, Capability]:
    """By name."""
    return {name: _capability(name, section, context) for name, section in sections.items()}


def _capability(name: str, section: CapabilitySection, context: Context) -> Capability:
    one = context.places.optional(section.provider, section.place("provider"))
    several = context.places.names(section.providers or (), section.place("providers"))
    providers = tuple(dict.fromkeys((*((one,) if one else ()), *several)))
    # a provider serves any name as asked; without one a preferred model has to be somewhere
    elsewhere: list[Ref] = [] if providers else context.called
    word = section.routing_strategy
    strategy = strategies.read(word, section.place("routing_strategy"), context.report) if word else None
    return Capability(
        name,
        context.listed(section.preferred_models or (), section.place("preferred_models"), elsewhere),
        providers,
        section.min_model_size,
        section.min_context,
        context.places.optional(section.fallback, section.place("fallback")),
        strategy,
        section.description or "",
    )
