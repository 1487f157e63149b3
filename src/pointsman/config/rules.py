"""Rules that send names to a provider: ``exact_matches``, ``patterns`` and the default provider."""

from __future__ import annotations

from pointsman.config.findings import Report
from pointsman.config.names import Ref
from pointsman.config.schema import Document, ExactSection, PatternSection
from pointsman.config.sections.context import Context
from pointsman.config.settings import ExactMatch, Pattern


class Rules:
    """The rules of a document, with their providers' names."""

    def __init__(self, document: Document, context: Context) -> None:
        self._context = context
        default = _default(document, context.report)
        self.default_provider = context.places.name(default.name, default.path) if default else None
        self.exact = {name: self._exact(name, section) for name, section in document.exact_matches.items()}
        self.patterns = tuple(self._pattern(section) for section in document.patterns)

    def _exact(self, name: str, section: ExactSection) -> ExactMatch:
        provider, fallback = self._providers(section, "an exact match always comes first")
        return ExactMatch(name, provider, fallback, section.model, section.description or "", self._chain(section))

    def _pattern(self, section: PatternSection) -> Pattern:
        provider, fallback = self._providers(section, "patterns are tried in their order")
        return Pattern(section.pattern, provider, fallback, section.description or "", self._chain(section))

    def _providers(self, section: ExactSection | PatternSection, order: str) -> tuple[str, str | None]:
        """The provider and the fallback of a rule. ``order``: why its ``priority`` says nothing."""
        if section.priority not in (None, "primary"):
            self._context.report.warning(section.place("priority"), f"is not acted on: {order}")
        places = self._context.places
        provider = places.name(section.provider, section.place("provider"))
        return provider, places.optional(section.fallback, section.place("fallback"))

    def _chain(self, section: ExactSection | PatternSection) -> str | None:
        return self._context.chain(section.chain, section.place("chain"))


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
