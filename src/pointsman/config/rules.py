"""Rules that send names to a provider: ``exact_matches``, ``patterns`` and the default provider.

A provider that nobody defined is what its name means before a model in ``model_list``: the one of that kind, or one at
that kind's usual address. Behind this point rules name providers that exist, or what ``references.py`` tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pointsman.config.address import Addresses
from pointsman.config.findings import Report
from pointsman.config.names import Ref
from pointsman.config.schema import Document, ExactSection, PatternSection
from pointsman.config.settings import ExactMatch, Pattern
from pointsman.model.deployment import Provider


class Rules:
    """The rules of a document. ``refs``: words that name providers; ``providers``: those that are meant, by word."""

    def __init__(self, document: Document, addresses: Addresses, report: Report) -> None:
        default = _default(document, report)
        self.refs = tuple(_refs(document, default))
        self.providers = _meant(self.refs, addresses)
        self.default_provider = self._name(default.name) if default else None
        self.exact = {name: self._exact(name, section, report) for name, section in document.exact_matches.items()}
        self.patterns = tuple(self._pattern(section) for section in document.patterns)

    def _name(self, word: str) -> str:
        return self.providers[word].name if word in self.providers else word

    def _fallback(self, section: ExactSection | PatternSection) -> str | None:
        return self._name(section.fallback) if section.fallback else None

    def _exact(self, name: str, section: ExactSection, report: Report) -> ExactMatch:
        if section.priority not in (None, "primary"):
            report.warning((*section.path, "priority"), "is not acted on: an exact match always comes first")
        provider, fallback = self._name(section.provider), self._fallback(section)
        return ExactMatch(name, provider, fallback, section.model, section.description or "")

    def _pattern(self, section: PatternSection) -> Pattern:
        provider, fallback = self._name(section.provider), self._fallback(section)
        return Pattern(section.pattern, provider, fallback, section.description or "")


def _refs(document: Document, default: Ref | None) -> Iterator[Ref]:
    """Every word that names a provider, with its place."""
    if default:
        yield default
    rules: list[ExactSection | PatternSection] = [*document.exact_matches.values(), *document.patterns]
    for rule in rules:
        yield Ref(rule.provider, rule.place("provider"))
        if rule.fallback:
            yield Ref(rule.fallback, rule.place("fallback"))


def _meant(refs: Iterable[Ref], addresses: Addresses) -> dict[str, Provider]:
    """Each word is asked for once, where it stands first."""
    first: dict[str, Ref] = {}
    for ref in refs:
        first.setdefault(ref.name, ref)
    found = {word: addresses.meant(ref) for word, ref in first.items()}
    return {word: provider for word, provider in found.items() if provider is not None}


def _default(document: Document, report: Report) -> Ref | None:
    said = [
        Ref(name, path)
        for name, path in (
            (document.default_provider, ("default_provider",)),
            (document.router_settings.default_provider, ("router_settings", "default_provider")),
            (document.general_settings.default_provider, ("general_settings", "default_provider")),
        )
        if name is not None
    ]
    for other in said[1:]:
        if other.name != said[0].name:
            report.warning(other.path, "another default_provider stands further out, and that one counts")
    return said[0] if said else None
