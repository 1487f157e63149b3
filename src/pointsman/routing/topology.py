"""The compiled, immutable snapshot of a configuration. Swapped whole, never edited.

Every lookup a decision needs is a dict or a tuple made here; compiling is the only place that may be slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import re2

from pointsman.config.settings import ExactMatch, Pattern, RouterSettings, ServerSettings, Settings
from pointsman.errors import ConfigurationError
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment, Provider


class CompiledPattern(msgspec.Struct, frozen=True):
    """A pattern with its RE2 program. ``search`` is linear in the length of the name."""

    rule: Pattern
    program: Any


class Topology(msgspec.Struct, frozen=True):
    """Who exists and which names lead to whom. ``groups`` holds alias groups too, as the union of their members."""

    deployments: Pool
    groups: dict[str, Pool]
    open_deployments: dict[str, Deployment]
    providers: dict[str, Provider]
    exact: dict[str, ExactMatch]
    patterns: tuple[CompiledPattern, ...]
    aliases: dict[str, str]
    default_provider: str | None
    fallbacks: dict[str, tuple[str, ...]]
    default_fallbacks: tuple[str, ...]
    router: RouterSettings
    server: ServerSettings
    public_names: tuple[str, ...]

    def served_by(self, provider: str, name: str) -> Pool:
        """The provider's deployments of a public name, else its open deployment, which serves any name as asked."""
        named = tuple(d for d in self.groups.get(name, ()) if d.provider.name == provider)
        if named:
            return named
        anyone = self.open_deployments.get(provider)
        return (anyone,) if anyone else ()


def compile_topology(settings: Settings) -> Topology:
    """Compile a checked configuration. Raises ConfigurationError on a pattern RE2 does not take."""
    groups = _groups(settings.deployments)
    for alias, members in settings.alias_groups.items():
        groups[alias] = _union(groups.get(member, ()) for member in members)
    names = [name for name in (*groups, *settings.exact, *settings.aliases) if name not in settings.hidden]
    return Topology(
        deployments=settings.deployments,
        groups=groups,
        open_deployments={d.id: d for d in settings.deployments if d.model is None},
        providers=settings.providers,
        exact=settings.exact,
        patterns=tuple(_compile(rule) for rule in settings.patterns),
        aliases=settings.aliases,
        default_provider=settings.default_provider,
        fallbacks=settings.fallbacks,
        default_fallbacks=settings.default_fallbacks,
        router=settings.router,
        server=settings.server,
        public_names=tuple(dict.fromkeys(names)),
    )


def _groups(deployments: Pool) -> dict[str, Pool]:
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        if deployment.model is not None:
            found.setdefault(deployment.model_name, []).append(deployment)
    return {name: tuple(members) for name, members in found.items()}


def _union(pools: Iterable[Pool]) -> Pool:
    return tuple({d.id: d for pool in pools for d in pool}.values())


def _compile(rule: Pattern) -> CompiledPattern:
    try:
        return CompiledPattern(rule, re2.compile(rule.pattern))
    except re2.error as error:
        raise ConfigurationError(f"pattern {rule.pattern!r}: {error}") from error
