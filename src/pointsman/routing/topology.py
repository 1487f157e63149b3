"""The compiled, immutable snapshot of a configuration. Swapped whole, never edited.

Every lookup a decision needs is a dict or a tuple made here; compiling is the only place that may be slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import re2

from pointsman.config.settings import (
    Capability,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    Pattern,
    RouterSettings,
    SemanticSettings,
    ServerSettings,
    Settings,
    SizeRule,
    Strategies,
    TagSettings,
    TaskSettings,
    WarmSettings,
)
from pointsman.errors import ConfigurationError
from pointsman.model import sizes
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment, Provider

ENTRY = "auto/"
TASKS, SEMANTIC = "auto/tasks", "auto/semantic"
"""Router entries: names that leave the choice to content, and say which router looks at it. ``auto`` means any."""


class CompiledPattern(msgspec.Struct, frozen=True):
    """A pattern with its RE2 program. ``search`` is linear in the length of the name."""

    rule: Pattern
    program: Any


class Topology(msgspec.Struct, frozen=True):
    """Who exists and which names lead to whom. ``groups`` holds alias groups too, as the union of their members.

    ``tagged``: names whose members are told apart by tags. ``at_provider``: the deployments of each provider.
    ``agents``: some deployment looks at the caller's User-Agent.
    """

    deployments: Pool
    groups: dict[str, Pool]
    open_deployments: dict[str, Deployment]
    providers: dict[str, Provider]
    at_provider: dict[str, Pool]
    exact: dict[str, ExactMatch]
    patterns: tuple[CompiledPattern, ...]
    aliases: dict[str, str]
    alias_groups: dict[str, tuple[str, ...]]
    default_provider: str | None
    fallbacks: dict[str, tuple[str, ...]]
    default_fallbacks: tuple[str, ...]
    router: RouterSettings
    server: ServerSettings
    public_names: tuple[str, ...]
    strategies: Strategies
    tags: TagSettings
    tagged: frozenset[str]
    agents: bool
    metadata: tuple[MetadataRule, ...]
    capabilities: dict[str, Capability]
    sizes: tuple[SizeRule, ...]
    redundant: dict[str, Pool]
    chains: dict[str, FallbackChain]
    tasks: TaskSettings | None
    semantic: SemanticSettings | None
    warm: WarmSettings | None

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(task.name for task in self.tasks.tasks) if self.tasks is not None else ()

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of routers that a request may ask for."""
        return tuple(name for name, section in ((TASKS, self.tasks), (SEMANTIC, self.semantic)) if section is not None)

    def serves(self, name: str) -> bool:
        """True if the configuration itself names it."""
        return name in self.groups or name in self.exact or name in self.aliases or name in self.entries

    def aliased(self, name: str | None) -> str | None:
        """The name that an alias stands for; any other name itself."""
        return self.aliases.get(name, name) if name is not None else None

    def served_by(self, provider: str, name: str) -> Pool:
        """The provider's deployments of a public name, else its open deployment, which serves any name as asked."""
        named = tuple(d for d in self.groups.get(name, ()) if d.provider.name == provider)
        if named:
            return named
        anyone = self.open_deployments.get(provider)
        return (anyone,) if anyone else ()

    def bound(self, provider: str, name: str) -> Pool:
        """``served_by``, with an open deployment bound to the name: for pools whose members serve different names."""
        return tuple(d if d.model is not None else bound(d, name) for d in self.served_by(provider, name))

    def named(self, name: str) -> Pool:
        """Whoever serves a public name that the configuration lists, open deployments bound to it."""
        name = self.aliases.get(name, name)
        rule = self.exact.get(name)
        if name in self.redundant:
            return self.redundant[name]
        return self.bound(rule.provider, rule.model or name) if rule is not None else self.groups.get(name, ())

    def listed_at(self, provider: str, name: str | None) -> Pool:
        """A provider's deployments with models of their own; else its open one, bound to its default or the name."""
        listed = tuple(d for d in self.at_provider.get(provider, ()) if d.model is not None)
        place = self.providers.get(provider)
        wanted = (place.default_model if place is not None else None) or name
        return listed or (self.bound(provider, wanted) if wanted is not None else ())

    def strategy_of(self, *names: str | None) -> str:
        """The strategy of the first of these groups or capabilities that has one of its own, else the default."""
        groups = self.strategies.groups
        return next((groups[name] for name in names if name in groups), self.strategies.default)

    def size_of(self, name: str | None) -> float | None:
        """Billions of parameters of a public name: the largest that its deployments say, else what the name says."""
        group = self.groups.get(name or "", ())
        told = [d.size for d in group if d.size is not None]
        if told:
            return max(told)
        found = [sizes.size_in(name), *map(sizes.size_of, group)]
        return next((size for size in found if size is not None), None)


def bound(deployment: Deployment, name: str) -> Deployment:
    """An open deployment that serves one name only. The same name gives the same id, so what is remembered stays."""
    made: Deployment = msgspec.structs.replace(
        deployment, id=f"{name}@{deployment.provider.name}", model_name=name, model=name
    )
    return made


def compile_topology(settings: Settings) -> Topology:
    """Compile a checked configuration. Raises ConfigurationError on a pattern RE2 does not take."""
    groups = _groups(settings.deployments)
    for alias, members in settings.alias_groups.items():
        groups[alias] = _union(groups.get(member, ()) for member in members)
    named = (*groups, *settings.exact, *settings.redundant, *settings.aliases)
    names = [name for name in named if name not in settings.hidden]
    open_deployments = {d.id: d for d in settings.deployments if d.model is None}
    made = Topology(
        deployments=settings.deployments,
        groups=groups,
        open_deployments=open_deployments,
        providers=settings.providers,
        at_provider=_at_provider(settings.deployments),
        exact=settings.exact,
        patterns=tuple(_compile(rule) for rule in settings.patterns),
        aliases=settings.aliases,
        alias_groups=settings.alias_groups,
        default_provider=settings.default_provider,
        fallbacks=settings.fallbacks,
        default_fallbacks=settings.default_fallbacks,
        router=settings.router,
        server=settings.server,
        public_names=tuple(dict.fromkeys(names)),
        strategies=settings.strategies,
        tags=settings.tags,
        tagged=frozenset(name for name, pool in groups.items() if _tagged(pool, settings.tags)),
        agents=any(d.tag_regex for d in settings.deployments),
        metadata=settings.metadata,
        capabilities=settings.capabilities,
        sizes=settings.sizes,
        redundant={},
        chains=settings.chains,
        tasks=settings.tasks,
        semantic=settings.semantic,
        warm=settings.warm,
    )
    return msgspec.structs.replace(made, redundant={name: _shared(made, settings, name) for name in settings.redundant})


def _groups(deployments: Pool) -> dict[str, Pool]:
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        if deployment.model is not None:
            found.setdefault(deployment.model_name, []).append(deployment)
    return {name: tuple(members) for name, members in found.items()}


def _at_provider(deployments: Pool) -> dict[str, Pool]:
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        found.setdefault(deployment.provider.name, []).append(deployment)
    return {name: tuple(members) for name, members in found.items()}


def _union(pools: Iterable[Pool]) -> Pool:
    return tuple({d.id: d for pool in pools for d in pool}.values())


def _shared(topology: Topology, settings: Settings, name: str) -> Pool:
    """A redundant model's deployments at its providers; a provider's share is split among those it has."""
    members: list[Deployment] = []
    for share in settings.redundant[name]:
        pool = topology.bound(share.provider, name)
        weight = None if share.weight is None else share.weight / max(len(pool), 1)
        members += [msgspec.structs.replace(d, weight=weight) for d in pool]
    return tuple(members)


def _tagged(pool: Pool, tags: TagSettings) -> bool:
    said = [d.info["enable_tag_filtering"] for d in pool if "enable_tag_filtering" in d.info]
    enabled = bool(said[0]) if said else tags.enabled
    return enabled and any(d.tags or d.tag_regex for d in pool)


def _compile(rule: Pattern) -> CompiledPattern:
    try:
        return CompiledPattern(rule, re2.compile(rule.pattern))
    except re2.error as error:
        raise ConfigurationError(f"pattern {rule.pattern!r}: {error}") from error
