"""``fallback_chains``: whom to turn to, in order, when a request has failed."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.config.sections.context import Context
from pointsman.config.settings import ChainMember, FallbackChain
from pointsman.config.shapes import ChainSection, MemberSection


def read_chains(sections: Mapping[str, ChainSection], context: Context) -> dict[str, FallbackChain]:
    """By name."""
    return {name: _chain(name, section, context) for name, section in sections.items()}


def _chain(name: str, section: ChainSection, context: Context) -> FallbackChain:
    delay = section.retry_delay_ms
    return FallbackChain(
        name,
        tuple(_member(member, context) for member in section.chain),
        section.retry_attempts,
        delay / 1000 if delay is not None else None,
        section.description or "",
    )


def _member(section: MemberSection, context: Context) -> ChainMember:
    return ChainMember(
        context.places.name(section.provider, section.place("provider")),
        context.conditions.optional(section.condition, section.place("condition")),
        section.preferred_model,
    )
