"""``semantic_router``: categories of requests, the model for each, and how likeness is measured.

A category may say a server in place: that makes a provider of its own and a deployment there, under the model's name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pointsman.config.classes import class_of
from pointsman.config.deployments import Ids, Placed
from pointsman.config.names import Ref
from pointsman.config.prefixes import PREFIXES, UNSERVED
from pointsman.config.registry import LONGEST_NAME, NAME_CHARACTERS, Registry, one_key
from pointsman.config.sections.content import CategorySection, EncoderSection, SemanticSection
from pointsman.config.sections.context import Context
from pointsman.config.settings import Category, EncoderSettings, SemanticSettings
from pointsman.model.deployment import Deployment, Provider

GENERAL = "general"
"""A category of this name is the fallback if none is named."""

ENCODERS = ("lexical", "sentence-transformers", "model2vec", "http")
ENCODER_ALIASES = {
    "sentence_transformers": "sentence-transformers",
    "sentencetransformers": "sentence-transformers",
    "sbert": "sentence-transformers",
    "openai": "http",
    "endpoint": "http",
}


class Semantic:
    """The section, read. ``placed``: deployments of the servers that categories say in place."""

    def __init__(
        self, section: SemanticSection | None, registry: Registry, placed: list[Placed], context: Context
    ) -> None:
        self.settings: SemanticSettings | None = None
        self.placed: list[Placed] = []
        self._registry = registry
        self._context = context
        self._served = {p.deployment.model_name: p.deployment.provider for p in placed}
        self._ids = Ids(p.deployment.id for p in placed)
        if section is not None:
            self.settings = self._settings(section)

    def _settings(self, section: SemanticSection) -> SemanticSettings | None:
        report = self._context.report
        if not section.categories:
            report.warning(section.path, "has no `categories`, and decides nothing")
            return None
        categories = tuple(self._category(name, each) for name, each in section.categories.items())
        fallback = self._fallback(section)
        for category in categories:
            if not (_said(category) or class_of(category.name) or category.name == fallback):
                path, hint = section.categories[category.name].path, "give it `utterances` or `keywords`"
                report.warning(path, "nothing in a request is like it", suggestion=hint)
        return SemanticSettings(
            categories,
            fallback,
            section.threshold,
            self._encoder(section.encoder) if section.encoder is not None else EncoderSettings(),
            section.sticky,
        )

    def _fallback(self, section: SemanticSection) -> str | None:
        if section.fallback is None:
            return GENERAL if GENERAL in section.categories else None
        if section.fallback in section.categories:
            return section.fallback
        self._context.categories.append(Ref(section.fallback, section.place("fallback")))
        return None

    def _category(self, name: str, section: CategorySection) -> Category:
        if section.endpoint is not None:
            model = self._in_place(name, section)
        else:
            model = section.model
            self._context.called.append(Ref(model, section.place("model")))
        return Category(
            name,
            model,
            tuple(text for text in section.utterances or () if text.strip()),
            tuple(dict.fromkeys(section.keywords or ())),
            section.threshold,
            section.description or "",
        )

    def _in_place(self, name: str, section: CategorySection) -> str:
        """Make the deployment; its public name is the model's, if nobody else serves that."""
        found = self._server(name, section, section.model)
        if found is None:
            return section.model
        provider, upstream = found
        public = upstream if self._served.get(upstream, provider) == provider else f"{upstream}@{provider.name}"
        if public not in self._served:
            self._served[public] = provider
            deployment = Deployment(self._ids.make(upstream, provider.name), public, provider, upstream)
            self.placed.append(Placed(deployment, section.path))
        return public

    def _encoder(self, section: EncoderSection) -> EncoderSettings:
        report = self._context.report
        kind = self._kind(section)
        values: dict[str, Any] = {
            "model": section.model,
            "provider": None,
            "timeout": section.timeout,
            "most": section.max_characters,
        }
        if kind != "lexical" and section.model is None:
            report.error(section.place("model"), "is required with an encoder of kind {}", kind)
        elif kind == "http" and section.model is not None:
            found = self._encoder_at(section, section.model)
            if found is not None:
                values["provider"], values["model"] = found
        given = {field: value for field, value in values.items() if value is not None}
        return msgspec.structs.replace(EncoderSettings(kind), **given)

    def _kind(self, section: EncoderSection) -> str:
        """What ``kind`` says; without it a server asks for http."""
        if section.kind is None:
            return "http" if section.endpoint is not None or section.provider is not None else "lexical"
        word = section.kind.strip().lower()
        kind = word if word in ENCODERS else ENCODER_ALIASES.get(word)
        if kind is None:
            known = (*ENCODERS, *ENCODER_ALIASES)
            path = section.place("kind")
            self._context.report.unknown("error", path, "unknown encoder {}", section.kind, known, ", ".join(ENCODERS))
        return kind or "lexical"

    def _encoder_at(self, section: EncoderSection, model: str) -> tuple[Provider, str] | None:
        if section.provider is not None:
            self._context.places.name(section.provider, section.place("provider"))
            provider = self._context.places.providers.get(section.provider)
            return (provider, model) if provider is not None else None
        return self._server("encoder", section, model)

    def _server(self, label: str, section: CategorySection | EncoderSection, model: str) -> tuple[Provider, str] | None:
        """The provider that is said in place, and what it calls the model. None with a finding if none is."""
        registry, report = self._registry, self._context.report
        head, _, rest = model.partition("/")
        prefix = PREFIXES.get(head) if rest else None
        if rest and head in UNSERVED:
            report.error(section.place("model"), "{} is not supported by this version", f"{head}/")
            return None
        path, url = section.place("endpoint"), None
        if section.endpoint is not None:
            url = registry.url(section.endpoint, path, whole=prefix is not None and prefix.whole)
            if url is None:
                return None
        place = registry.where(prefix or PREFIXES["openai_compatible"], url, None, path)
        if place is None:
            report.error(path, "is required", suggestion=prefix.example if prefix is not None else "")
            return None
        keys = one_key(registry.key(section.api_key, section.place("api_key")))
        if prefix is not None and "api_key" not in section.model_fields_set:
            keys = registry.public_key(prefix, place.base_url, section.path)
        name = "".join(c if c in NAME_CHARACTERS else "_" for c in label)[:LONGEST_NAME]
        return registry.at(name, place, keys), rest if prefix is not None else model


def _said(category: Category) -> bool:
    """Something that a request can be like."""
    return bool(category.utterances or category.keywords or category.description)
