"""Which category a request is most like: by the configured encoder, or by the lexical one where that has no answer."""

from __future__ import annotations

from pointsman.config.settings import SemanticSettings
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.classify.dense import Dense
from pointsman.routing.classify.kinds import THRESHOLDS, Kind, Nearest, kinds_of, nearest
from pointsman.routing.classify.lexical import Lexical
from pointsman.routing.shapes import Asked, Heard, Verdict

LEXICAL = "lexical"


class SemanticReader:
    """Implements ``Reader`` for the stage ``semantic``."""

    def __init__(self, settings: SemanticSettings) -> None:
        self._settings = settings
        self._kinds = kinds_of(settings.categories)
        self._names = frozenset(kind.name for kind in self._kinds)
        self._lexical = Lexical(self._kinds, settings.encoder.most)
        self._usual = tuple(Kind(kind.name) for kind in self._kinds)  # without thresholds of their own
        self._dense = Dense(self._kinds) if settings.encoder.kind != LEXICAL else None

    @property
    def remote(self) -> bool:
        """An encoder other than the lexical one is to be asked."""
        return self._dense is not None

    def texts(self, request: Request, view: View) -> tuple[str, tuple[str, ...]] | None:
        """What the encoder is asked for: the request's words, and the examples. None if it isn't asked."""
        if self._dense is None or self._kept(request, view) is not None:
            return None
        text = features.last_words(request, self._settings.encoder.most)
        return (text, self._dense.texts) if text.strip() else None

    def __call__(self, request: Request, _asked: Asked, heard: Heard | None, view: View, /) -> Verdict:
        kept = self._kept(request, view)
        if kept is not None:
            return Verdict(kept, f"the session is about {kept!r}")
        found, by = self._nearest(request, heard)
        label = found.label if found.label is not None else self._settings.fallback
        if found.label is not None:
            reason = f"{found.told}, {by}"
        else:
            rest = f": {label!r}, the fallback" if label is not None else ""
            reason = f"nothing is near enough ({found.told}, {by}){rest}"
        return Verdict(label, reason, dict(found.scores))

    def _nearest(self, request: Request, heard: Heard | None) -> tuple[Nearest, str]:
        """The category, and by which encoder. Thresholds of a configuration belong to the encoder that it names."""
        settings, kind = self._settings, self._settings.encoder.kind
        if self._dense is None:
            return self._by_words(request, configured=True), LEXICAL
        if heard is None or heard.vector is None:
            why = heard.detail if heard is not None else ""
            return self._by_words(request), f"{LEXICAL} in place of {kind}{why and f' ({why})'}"
        scores = self._dense.similarities(heard.vector, heard.examples)
        if scores is None:
            return self._by_words(request), f"{LEXICAL} in place of {kind} (its vectors make no sense)"
        threshold = settings.threshold if settings.threshold is not None else THRESHOLDS[kind]
        return nearest(scores, self._kinds, threshold), kind

    def _by_words(self, request: Request, *, configured: bool = False) -> Nearest:
        settings = self._settings
        scores = self._lexical.similarities(features.last_words(request, settings.encoder.most))
        if configured:
            threshold = settings.threshold if settings.threshold is not None else THRESHOLDS[LEXICAL]
            return nearest(scores, self._kinds, threshold)
        return nearest(scores, self._usual, THRESHOLDS[LEXICAL])

    def _kept(self, request: Request, view: View) -> str | None:
        """The category that the request's session keeps. That nothing was near enough once is not kept."""
        session = request.hints.session
        if self._settings.sticky is None or session is None:
            return None
        label = view.label(session)
        return label if label in self._names and label != self._settings.fallback else None
