"""Sections of the routers that read content: ``tasks`` and ``semantic_router``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from pointsman.config.section import Name, Names, OrText, Positive, Seconds, Section, Text, not_bool

STICKY = 3600.0
"""Seconds that ``sticky: true`` means."""


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _sticky(value: Any) -> Any:
    return (STICKY if value else None) if isinstance(value, bool) else value


Texts = Annotated[list[Text], BeforeValidator(_listed)]
Similarity = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(not_bool)]
Sticky = Annotated[Seconds | None, BeforeValidator(_sticky), WithJsonSchema({"type": ["number", "boolean"]})]


AT = {"api_base": "endpoint", "base_url": "endpoint"}
"""Other spellings of where a server is that is said in place."""


class TaskSection(Section):
    """A kind of work, and the public name that does it. In the place of ``long_context`` a text names a task."""

    SHORT = "model"

    model: Name
    patterns: Texts | None = None
    keywords: Names | None = None
    when: Text | None = None
    utterances: Texts | None = None
    max_context_tokens: Positive | None = None
    long_context: Name | None = None
    description: Text | None = None


class EncoderSection(Section):
    SPELLINGS = AT
    SHORT = "kind"

    kind: Name | None = None
    model: Name | None = None
    provider: Name | None = None
    endpoint: str | None = None
    api_key: SecretStr | None = None
    timeout: Seconds | None = None
    max_characters: Positive | None = None


class CategorySection(Section):
    SPELLINGS = AT | {"examples": "utterances"}
    SHORT = "model"

    model: Name
    endpoint: str | None = None
    api_key: SecretStr | None = None
    utterances: Texts | None = None
    keywords: Names | None = None
    threshold: Similarity | None = None
    description: Text | None = None


class SemanticSection(Section):
    encoder: Annotated[EncoderSection, OrText()] | None = None
    threshold: Similarity | None = None
    fallback: Name | None = None
    sticky: Sticky = None
    categories: dict[str, Annotated[CategorySection, OrText()]] = {}
