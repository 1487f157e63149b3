"""The compiled, immutable snapshot of a configuration. Swapped whole, never edited.

Every lookup a decision needs is a dict or a tuple made here; compiling is the only place that may be slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from pointsman.config.settings import (
    Capability,
    EncoderSettings,
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
from pointsman.model import sizes
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment, Provider
from pointsman.routing.patterns import Patterns

ENTRY = "auto/"
TASKS, SEMANTIC = "auto/tasks", "auto/semantic"
"""Router entries: names that leave the choice to content, and say which router looks at it. ``auto`` means any."""


class Topology(msgspec.Struct, frozen=True):
    """Who exists and which names lead to whom. ``groups`` holds alias groups too, as the union of their members.

    ``at_provider``: the deployments of each provider. ``filtered``: groups that are filtered by tags, ``tagged`` those
    of them whose members are told apart by some, ``agents`` those with a member that looks at the User-Agent.
    ``families``: sizes of names that providers list with a tag (``mistral`` of ``mistral:7b``), where all agree.
    ``limited``, ``picky``: some deployment is.
    """

    deployments: Pool
    groups: dict[str, Pool]
    open_deployments: dict[str, Deployment]
    providers: dict[str, Provider]
    at_provider: dict[str, Pool]
    exact: dict[str, ExactMatch]
    patterns: Patterns
    aliases: dict[str, str]
    alias_groups: dict[str, tuple[str, ...]]
    default_provider: str | None
    fallbacks: dict[str, tuple[str, ...]]
    default_fallbacks: tuple[str, ...]
    context_fallbacks: dict[str, tuple[str, ...]]
    content_fallbacks: dict[str, tuple[str, ...]]
    router: RouterSettings
    server: ServerSettings
    public_names: tuple[str, ...]
    strategies: Strategies
    tags: TagSettings
    metadata: tuple[MetadataRule, ...]
    capabilities: dict[str, Capability]
    sizes: tuple[SizeRule, ...]
    chains: dict[str, FallbackChain]
    tasks: TaskSettings | None
    semantic: SemanticSettings | None
    warm: WarmSettings | None
    families: dict[str, float]
    redundant: dict[str, Pool] = {}
    filtered: frozenset[str] = frozenset()
    tagged: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    limited: bool = False
    picky: bool = False
    entries: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()

    @property
    def encoder(self) -> EncoderSettings | None:
        """What measures likeness for the semantic router, if there is one."""
        return self.semantic.encoder if self.semantic is not None else None

    @property
    def called(self) -> tuple[Provider, ...]:
        """Whom requests may lead to: the deployments' providers, and the encoder's."""
        elsewhere = self.encoder.provider if self.encoder is not None else None
        return (*(d.provider for d in self.deployments), *filter(None, (elsewhere,)))

    def serves(self, name: str) -> bool:
        """True if the configuration itself names it."""
        return (
            name in self.groups
            or name in self.exact
            or name in self.aliases
            or name in self.redundant
            or name in self.entries
        )

    def aliased(self, name: str | None) -> str | None:
        """The name that an alias stands for; any other name itself."""
        return self.aliases.get(name, name) if name is not None else None

    def rule_for(self, name: str) -> ExactMatch | Pattern | None:
        """What the configuration says of a name beside its deployments: its exact entry, else the first pattern."""
        rule = self.exact.get(name)
        return rule if rule is not None or name in self.groups else self.patterns.first(name)

    def served_by(self, provider: str, name: str) -> Pool:
        """The provider's deployments of a public name, else its open deployment, which serves any name as asked."""
        named = tuple([d for d in self.groups.get(name, ()) if d.provider.name == provider])
        if named:
            return named
        anyone = self.open_deployments.get(provider)
        return (anyone,) if anyone else ()

    def bound(self, provider: str, name: str, model: str | None = None) -> Pool:
        """``served_by`` for pools whose members serve different names: the open deployment is bound to this one, under
        the upstream's name for it, if that is another.
        """
        return tuple(d if d.model is not None else bound(d, name, model) for d in self.served_by(provider, name))

    def serving(self, name: str) -> Pool:
        """Who serves a name that the configuration lists: the redundant, those of its exact entry, or its group."""
        shared = self.redundant.get(name)
        if shared:
            return shared
        rule = self.exact.get(name)
        return self.served_by(rule.provider, name) if rule is not None else self.groups.get(name, ())

    def serving_at(self, provider: str, name: str) -> Pool:
        """The provider's deployments that are known to serve a name: configured for it, or the provider lists it."""
        for pool in (self.serving(name), self.groups.get(name, ())):
            there = tuple([d for d in pool if d.provider.name == provider])
            if there:
                return there
        place = self.providers.get(provider)
        known = place is not None and name in (*place.models, place.default_model)
        return self.served_by(provider, name) if known else ()

    def named(self, name: str) -> Pool:
        """Who serves a name that the configuration knows, be it by a pattern. Open deployments are bound to it."""
        name = self.aliases.get(name, name)
        rule = self.exact.get(name)
        pool = self.serving(name)
        if not pool and rule is None:
            found = self.patterns.first(name)
            return self.bound(found.provider, name) if found is not None else ()
        return tuple([d if d.model is not None else bound(d, name, rule.model if rule else None) for d in pool])

    def owned(self, provider: str) -> Pool:
        """A provider's own models: its listed deployments, the names that it lists, else its default model."""
        place = self.providers.get(provider)
        listed = tuple([d for d in self.at_provider.get(provider, ()) if d.model is not None])
        if place is None:
            return listed
        known = {name for d in listed for name in (d.model, d.model_name)}
        names = [name for name in place.models if name not in known]
        if not listed and not names and place.default_model is not None:
            names = [place.default_model]
        return (*listed, *(d for name in names for d in self.bound(provider, name)))

    def house(self, provider: str) -> Pool:
        """Who serves a provider's default: its default model, else the first of its own."""
        place = self.providers.get(provider)
        if place is not None and place.default_model is not None:
            return self.bound(provider, place.default_model)
        own = self.owned(provider)
        return tuple([d for d in own if d.model_name == own[0].model_name])

    def standing_in(self, provider: str, name: str | None) -> Pool:
        """Who at a provider takes the place of a model that was chosen for a request: who is configured for it, else
        the provider's default, else the open deployment.
        """
        named = self.served_by(provider, name) if name is not None else ()
        return named if named and named[0].model is not None else self.house(provider) or named

    def strategy_of(self, *names: str | None) -> str:
        """The strategy of the first of these groups or capabilities that has one of its own, else the default."""
        groups = self.strategies.groups
        if groups:
            for name in names:
                if name in groups:
                    return groups[name]
        return self.strategies.default

    def size_of(self, name: str | None) -> float | None:
        """Billions of parameters of a name: the largest that its deployments say, else what the name says, else what
        its deployments' models or the providers' own lists say.
        """
        name = self.aliased(name)
        if name is None:
            return None
        group = self.groups.get(name, ())
        told = [d.size for d in group if d.size is not None]
        if told:
            return max(told)
        rule = self.exact.get(name)
        found = (sizes.size_in(text) for text in (name, rule.model if rule is not None else None))
        size = next((size for size in (*found, *map(sizes.size_of, group)) if size is not None), None)
        return size if size is not None else self.families.get(name)


def bound(deployment: Deployment, name: str, model: str | None = None) -> Deployment:
    """An open deployment that serves one name only. The same name gives the same id, so what is remembered stays."""
    made: Deployment = msgspec.structs.replace(
        deployment, id=f"{name}@{deployment.provider.name}", model_name=name, model=model or name
    )
    return made


def compile_topology(settings: Settings) -> Topology:
    """Compile a checked configuration. Raises ConfigurationError on a pattern RE2 does not take."""
    named = (*settings.exact, *settings.redundant, *settings.aliases)
    groups = _by(settings.deployments, lambda d: d.model_name if d.model is not None else None)
    names = [name for name in (*groups, *settings.alias_groups, *named) if name not in settings.hidden]
    routers = ((TASKS, settings.tasks), (SEMANTIC, settings.semantic))
    made = Topology(
        deployments=settings.deployments,
        groups=groups,
        open_deployments={d.id: d for d in settings.deployments if d.model is None},
        providers=settings.providers,
        at_provider=_by(settings.deployments, lambda d: d.provider.name),
        exact=settings.exact,
        patterns=Patterns(settings.patterns),
        aliases=settings.aliases,
        alias_groups=settings.alias_groups,
        default_provider=settings.default_provider,
        fallbacks=settings.fallbacks,
        default_fallbacks=settings.default_fallbacks,
        context_fallbacks=settings.context_fallbacks,
        content_fallbacks=settings.content_fallbacks,
        router=settings.router,
        server=settings.server,
        public_names=tuple(dict.fromkeys(names)),
        strategies=settings.strategies,
        tags=settings.tags,
        metadata=settings.metadata,
        capabilities=settings.capabilities,
        sizes=settings.sizes,
        chains=settings.chains,
        tasks=settings.tasks,
        semantic=settings.semantic,
        warm=settings.warm,
        families=_families(settings.providers.values()),
        limited=any(d.limited for d in settings.deployments),
        picky=any(d.picky for d in settings.deployments),
        entries=tuple(name for name, section in routers if section is not None),
        task_names=tuple(task.name for task in settings.tasks.tasks) if settings.tasks is not None else (),
    )
    return _grouped(made, settings)


def _grouped(made: Topology, settings: Settings) -> Topology:
    """With the groups that are made of others: redundant models, then aliases for several names."""
    made = msgspec.structs.replace(made, redundant={name: _shared(made, settings, name) for name in settings.redundant})
    groups = {**made.groups, **{name: _members(made, name, frozenset()) for name in made.alias_groups}}
    filtered = frozenset(name for name, pool in groups.items() if _filtered(pool, made.tags))
    return msgspec.structs.replace(
        made,
        groups=groups,
        filtered=filtered,
        tagged=frozenset(name for name in filtered if any(d.tags or d.tag_regex for d in groups[name])),
        agents=frozenset(name for name in filtered if any(d.tag_regex for d in groups[name])),
    )


def _shared(topology: Topology, settings: Settings, name: str) -> Pool:
    """A redundant model's deployments at its providers; a provider's share is split among those it has."""
    members: dict[str, Deployment] = {}
    rule = topology.exact.get(name)
    for share in settings.redundant[name]:
        model = rule.model if rule is not None and rule.provider == share.provider else None
        pool = topology.bound(share.provider, name, model)
        weight = None if share.weight is None else share.weight / max(len(pool), 1)
        members |= {d.id: msgspec.structs.replace(d, weight=weight) for d in pool}
    return tuple(members.values())


def _members(topology: Topology, name: str, above: frozenset[str]) -> Pool:
    """The deployments behind a name, those of alias groups in alias groups too; each once."""
    members = topology.alias_groups.get(name)
    if members is None:
        return topology.named(name)
    if name in above:
        return ()
    pools = (_members(topology, member, above | {name}) for member in members)
    return tuple({d.id: d for pool in pools for d in pool}.values())


def _filtered(pool: Pool, tags: TagSettings) -> bool:
    """The first member that says whether tags filter its group decides, else the router's setting."""
    said = (d.info["enable_tag_filtering"] for d in pool if "enable_tag_filtering" in d.info)
    return bool(next(said, tags.enabled))


def _families(providers: Iterable[Provider]) -> dict[str, float]:
    found: dict[str, set[float]] = {}
    for name in (name for provider in providers for name in provider.models):
        size = sizes.size_in(name)
        if size is not None:
            found.setdefault(name.partition(":")[0], set()).add(size)
    return {name: min(sized) for name, sized in found.items() if len(sized) == 1}


def _by(deployments: Pool, key: Callable[[Deployment], str | None]) -> dict[str, Pool]:
    """Deployments by what the key says of them, in their order; those of which it says nothing are left out."""
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        name = key(deployment)
        if name is not None:
            found.setdefault(name, []).append(deployment)
    return {name: tuple(members) for name, members in found.items()}
