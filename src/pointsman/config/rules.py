"""Rules that send names to a provider: ``exact_matches``, ``patterns`` and the default provider."""

from __future__ import annotations

from pointsman.config.findings import Report
from pointsman.config.names import Ref
from pointsman.config.places import Places
from pointsman.config.schema import Document, ExactSection, PatternSection
from pointsman.config.settings import ExactMatch, Pattern


class Rules:
    """The rules of a document, with their providers' names."""

    def __init__(self, document: Document, places: Places, report: Report) -> None:
        self._places = places
        default = _default(document, report)
        self.default_provider = places.name(default.name, default.path) if default else None
        self.exact = {name: self._exact(name, section, report) for name, section in document.exact_matches.items()}
        self.patterns = tuple(self._pattern(section) for section in document.patterns)

    def _providers(self, section: ExactSection | PatternSection) -> tuple[str, str | None]:
        """The provider and the fallback of a rule."""
        provider = self._places.name(section.provider, section.place("provider"))
        return provider, self._places.optional(section.fallback, section.place("fallback"))

    def _exact(self, name: str, section: ExactSection, report: Report) -> ExactMatch:
        if section.priority not in (None, "primary"):
            report.warning((*section.path, "priority"), "is not acted on: an exact match always comes first")
        return ExactMatch(name, *self._providers(section), section.model, section.description or "")

    def _pattern(self, section: PatternSection) -> Pattern:
        return Pattern(section.pattern, *self._providers(section), section.description or "")


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
