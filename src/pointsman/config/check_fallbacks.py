"""Fallbacks that help nobody: to themselves, in a circle, or to a model that takes no longer requests."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.circles import circles
from pointsman.config.findings import Path
from pointsman.config.names import ANY
from pointsman.config.remarks import Remark
from pointsman.config.settings import Settings

LONG = ("router_settings", "context_window_fallbacks")


def fallbacks_to_themselves(settings: Settings) -> Iterator[Remark]:
    for path, listed in _lists(settings):
        for name, following in listed.items():
            if name in following:
                yield Remark("warning", path, "{} falls back to itself", (name,))


def fallbacks_in_circles(settings: Settings) -> Iterator[Remark]:
    for path, listed in _lists(settings):
        for circle in circles(listed):
            if len(circle) > 1:
                yield Remark("warning", path, "lead in a circle from {} back to it; each is tried once", (circle[0],))


def fallbacks_as_short(settings: Settings) -> Iterator[Remark]:
    """Turned to after a request was too long for a model, and known to take no more than that."""
    windows = _windows(settings)
    for name, following in _meant(settings, settings.context_fallbacks).items():
        for other in following:
            own, theirs = windows.get(name), windows.get(other)
            if own is not None and theirs is not None and theirs <= own and other != name:
                text = f"{{}} takes {theirs} tokens at most, no more than {{}}, which takes {own}"
                yield Remark("warning", LONG, text, (other, name))


def _windows(settings: Settings) -> dict[str, int]:
    """Tokens that the largest deployment of a name takes, where all of them are known."""
    contexts: dict[str, list[int | None]] = {}
    for deployment in settings.deployments:
        if deployment.model is not None:
            contexts.setdefault(deployment.model_name, []).append(deployment.context)
    known = {name: [each for each in listed if each is not None] for name, listed in contexts.items()}
    return {name: max(listed) for name, listed in known.items() if len(listed) == len(contexts[name])}


Listed = dict[str, list[str]]


def _lists(settings: Settings) -> Iterator[tuple[Path, Listed]]:
    yield ("router_settings", "fallbacks"), _meant(settings, settings.fallbacks)
    yield LONG, _meant(settings, settings.context_fallbacks)
    yield ("router_settings", "content_policy_fallbacks"), _meant(settings, settings.content_fallbacks)


def _meant(settings: Settings, listed: dict[str, tuple[str, ...]]) -> Listed:
    """Who follows whom, by the names that aliases stand for."""
    meant = settings.aliases.get
    found: Listed = {}
    for name, following in listed.items():
        if name != ANY:
            found.setdefault(meant(name, name), []).extend(meant(other, other) for other in following)
    return found
