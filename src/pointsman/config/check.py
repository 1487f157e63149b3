"""Findings beyond the schema: what is well formed and still probably not meant. Pure questions to a Settings.

To add one: a function from Settings to Remarks, and its line in CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from pointsman.config.circles import circles
from pointsman.config.findings import Path, Report, Severity
from pointsman.config.settings import Settings
from pointsman.config.words import words
from pointsman.model.deployment import Deployment
from pointsman.model.secret import Secret

DEPLOYMENT = "deployments"
"""First part of a subject that is a deployment; the second is its id."""

WELL_KNOWN = words(
    """
    sk-1234 sk-12345 sk-123456 sk-test sk-master sk-admin sk-secret sk-password sk-changeme test admin master secret
    password passw0rd changeme change-me change_me letmein default example 123456 12345678 1234567890 qwerty
    """
)
SHORTEST_KEY = 16
FEWEST_CHARACTERS = 5

TAKES_ALL = frozenset({"", "^", "$", ".*", "^.*", ".*$", "^.*$", "(.*)", "^(.*)$"})
"""Patterns that every name matches."""


class Remark(msgspec.Struct, frozen=True):
    """One finding whose place is not known here. ``subject``: a path in the document, or a deployment by its id."""

    severity: Severity
    subject: Path
    template: str
    values: tuple[str | int, ...] = ()
    suggestion: str = ""

    def tell(self, report: Report, paths: Mapping[str, Path]) -> None:
        """Say it where it belongs. ``paths``: deployments' places by id."""
        path = self.subject
        if path[:1] == (DEPLOYMENT,):
            path = paths.get(str(path[1]), path)
        report.say(self.severity, path, self.template, *self.values, suggestion=self.suggestion)


def check(settings: Settings, *, standalone: bool = False) -> list[Remark]:
    """All remarks. A block that stands ``alone`` need not have deployments."""
    found = [remark for question in CHECKS for remark in question(settings)]
    if not standalone and not settings.deployments:
        hint = "add `model_list` or `providers`"
        found.append(Remark("error", (), "there is no deployment: nothing could be served", suggestion=hint))
    return found


def weak_key(key: Secret) -> str | None:
    """Why a master key is weak, in words without the key; None if it is not."""
    text = key.reveal()
    if text.lower() in WELL_KNOWN:
        return "is one that everybody knows"
    if len(text) < SHORTEST_KEY:
        return f"is shorter than {SHORTEST_KEY} characters"
    if len(set(text)) < FEWEST_CHARACTERS:
        return "repeats a few characters"
    return None


def _master_key(settings: Settings) -> Iterator[Remark]:
    key = settings.server.master_key
    reason = weak_key(key) if key is not None else None
    if reason is not None:
        hint = "serving on other than loopback addresses is refused with it"
        yield Remark("warning", ("general_settings", "master_key"), reason, suggestion=hint)


def _unused_providers(settings: Settings) -> Iterator[Remark]:
    used = {d.provider.name for d in settings.deployments if d.model is not None}
    used |= {name for rule in settings.exact.values() for name in (rule.provider, rule.fallback) if name}
    used |= {name for rule in settings.patterns for name in (rule.provider, rule.fallback) if name}
    used.add(settings.default_provider or "")
    for name in settings.providers:
        if name not in used:
            yield Remark(
                "warning",
                ("providers", name),
                "nothing leads to this provider",
                suggestion="list its `models`",
            )


def _shadowed_patterns(settings: Settings) -> Iterator[Remark]:
    seen: dict[str, int] = {}
    everything: int | None = None
    for index, rule in enumerate(settings.patterns):
        path = ("patterns", index, "pattern")
        if everything is not None:
            yield Remark("warning", path, "can never match: patterns[{}] takes every name before", (everything,))
        elif rule.pattern in seen:
            yield Remark("warning", path, "can never match: patterns[{}] is the same", (seen[rule.pattern],))
        seen.setdefault(rule.pattern, index)
        if everything is None and rule.pattern in TAKES_ALL:
            everything = index


def _shadowed_entries(settings: Settings) -> Iterator[Remark]:
    for deployment in settings.deployments:
        rule = settings.exact.get(deployment.model_name) if deployment.model is not None else None
        if rule is not None and deployment.provider.name not in (rule.provider, rule.fallback):
            text = "exact_matches sends {} to provider {}, so this one gets no traffic"
            values = (deployment.model_name, rule.provider)
            yield Remark("warning", (DEPLOYMENT, deployment.id), text, values)
    path = ("router_settings", "model_group_alias")
    served = {d.model_name for d in settings.deployments if d.model is not None} | settings.exact.keys()
    for alias in (*settings.aliases, *settings.alias_groups):
        if alias in served:
            yield Remark("warning", (*path, alias), "hides what else is served under this name")


def _half_weighted(settings: Settings) -> Iterator[Remark]:
    """simple-shuffle shares by the first of weight, rpm, tpm that any member sets; members without it get nothing."""
    if settings.strategies.default != "simple-shuffle":
        return
    for members in _groups(settings).values():
        source = next((s for s in ("weight", "rpm", "tpm") if any(getattr(d, s) for d in members)), None)
        for deployment in members if source else ():
            if getattr(deployment, source or "") is None:
                text = f"has no {source}, other deployments of {{}} have: it gets no traffic"
                yield Remark("warning", (DEPLOYMENT, deployment.id), text, (deployment.model_name,))


def _groups(settings: Settings) -> dict[str, list[Deployment]]:
    groups: dict[str, list[Deployment]] = {}
    for deployment in settings.deployments:
        if deployment.model is not None:
            groups.setdefault(deployment.model_name, []).append(deployment)
    return groups


def _duplicates(settings: Settings) -> Iterator[Remark]:
    seen: dict[object, str] = {}
    for deployment in settings.deployments:
        same = repr(
            (
                deployment.model_name,
                deployment.provider.name,
                deployment.model,
                deployment.params,
                deployment.tags,
            )
        )
        first = seen.setdefault(same, deployment.id)
        if first != deployment.id:
            yield Remark("warning", (DEPLOYMENT, deployment.id), "is the same as {}", (first,))


def _own_fallbacks(settings: Settings) -> Iterator[Remark]:
    for name, following in settings.fallbacks.items():
        if settings.aliases.get(name, name) in {settings.aliases.get(other, other) for other in following}:
            yield Remark("warning", ("router_settings", "fallbacks"), "{} falls back to itself", (name,))


def _fallback_circles(settings: Settings) -> Iterator[Remark]:
    for circle in circles(settings.fallbacks):
        if len(circle) > 1:
            text = "lead in a circle from {} back to it; each is tried once"
            yield Remark("warning", ("router_settings", "fallbacks"), text, (circle[0],))


CHECKS: tuple[Callable[[Settings], Iterator[Remark]], ...] = (
    _master_key,
    _unused_providers,
    _shadowed_patterns,
    _shadowed_entries,
    _half_weighted,
    _duplicates,
    _own_fallbacks,
    _fallback_circles,
)
