"""The compiled, immutable snapshot of a configuration. Swapped whole, never edited.

Every lookup a decision needs is a dict or a tuple made here; compiling is the only place that may be slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from pointsman.config.settings import (
    Capability,
    EncoderSettings,
    ExactMatch,
    FallbackChain,
    MetadataRule,
    RouterSettings,
    SemanticSettings,
    ServerSettings,
    Settings,
    SizeRule,
    Strategies,
    TagSettings,
    TaskSettings,
    WarmSettings,
    WatchSettings,
)
from pointsman.model import sizes
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.listing import Card, Listing
from pointsman.model.prices import PriceTable
from pointsman.model.sizes import Size
from pointsman.routing.known import known
from pointsman.routing.patterns import Patterns

ENTRY = "auto/"
TASKS, SEMANTIC = "auto/tasks", "auto/semantic"
"""Router entries: names that leave the choice to content, and say which router looks at it. ``auto`` means any."""


NOTHING_TOLD: Mapping[Provider, Listing] = {}

UNTOLD = Card()


class Topology(msgspec.Struct, frozen=True):
    """Who exists and which names lead to whom. ``groups`` holds alias groups too, as the union of their members.

    ``at_provider``: the deployments of each provider. ``filtered``: groups that are filtered by tags, ``tagged`` those
    of them whose members are told apart by some, ``agents`` those with a member that looks at the User-Agent.
    ``lists``: what providers told that they serve. ``listed_sizes``: of names that stand in them, and of names that are
    listed with a tag, there or in the configuration (``mistral`` of ``mistral:7b``), where all agree.
    ``prices``: what hosted models charge. ``limited``, ``picky``, ``modest``: some deployment is, or may be once it is
    bound to a name.
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
    watch: WatchSettings
    lists: Mapping[Provider, Listing]
    listed_sizes: dict[str, Size]
    prices: tuple[PriceTable, ...] = ()
    redundant: dict[str, Pool] = {}
    filtered: frozenset[str] = frozenset()
    tagged: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    limited: bool = False
    picky: bool = False
    modest: bool = False
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
        return tuple(d if d.model is not None else self._bind(d, name, model) for d in self.served_by(provider, name))

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
        return tuple([d if d.model is not None else self._bind(d, name, rule.model if rule else None) for d in pool])

    def configured(self, provider: str) -> Pool:
        """A provider's models as the configuration lists them: deployments, and names that it lists."""
        place = self.providers.get(provider)
        listed = tuple([d for d in self.at_provider.get(provider, ()) if d.model is not None])
        if place is None:
            return listed
        known = {name for d in listed for name in (d.model, d.model_name)}
        return (*listed, *(d for name in place.models if name not in known for d in self.bound(provider, name)))

    def owned(self, provider: str) -> Pool:
        """Its own models: those that are configured, else its default model."""
        place = self.providers.get(provider)
        default = place.default_model if place is not None else None
        return self.configured(provider) or (self.bound(provider, default) if default is not None else ())

    def listed(self, provider: str) -> Pool:
        """Its models as it lists them itself, where it serves any name. Its default model is not told twice."""
        anyone = self.open_deployments.get(provider)
        listing = self.lists.get(anyone.provider) if anyone is not None else None
        if anyone is None or listing is None:
            return ()
        default = listing.name(anyone.provider.default_model)
        return tuple(d for name in listing.cards if name != default for d in self.bound(provider, name))

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

    def size_of(self, name: str | None) -> Size | None:
        """Of a name: the largest that its deployments say, else what the name says, else what its deployments' models
        say, else what providers list.
        """
        name = self.aliased(name)
        if name is None:
            return None
        group = self.groups.get(name, ())
        told = [d.size for d in group if d.size is not None]
        if told:
            return Size(max(told))
        rule = self.exact.get(name)
        texts = (
            name,
            rule.model if rule is not None else None,
            *(text for d in group for text in (d.model, d.model_name)),
        )
        named = next((size for size in map(sizes.size_in, texts) if size is not None), None)
        if named is not None:
            return Size(named)
        members = group or (self.named(name) if self.lists else ())
        listed = [size for size in map(sizes.listed_size, members) if size is not None]
        return max(listed, key=_billions) if listed else self.listed_sizes.get(name)

    def _bind(self, deployment: Deployment, name: str, model: str | None) -> Deployment:
        """An open deployment that serves one name only. The same name has the same id, so what is remembered stays."""
        bound: Deployment = msgspec.structs.replace(
            deployment, id=f"{name}@{deployment.provider.name}", model_name=name, model=model or name, listed=None
        )
        return known(bound, self.prices, self.lists, self.router)


def compile_topology(settings: Settings, lists: Mapping[Provider, Listing] = NOTHING_TOLD) -> Topology:
    """Compile a checked configuration, with what providers have told of their models. Raises ConfigurationError on a
    pattern RE2 does not take.
    """
    named = (*settings.exact, *settings.redundant, *settings.aliases)
    deployments = tuple(known(d, settings.prices, lists, settings.router) for d in settings.deployments)
    groups = _by(deployments, lambda d: d.model_name if d.model is not None else None)
    names = [name for name in (*groups, *settings.alias_groups, *named) if name not in settings.hidden]
    told = bool(lists or settings.prices) and any(d.model is None for d in deployments)
    routers = ((TASKS, settings.tasks), (SEMANTIC, settings.semantic))
    made = Topology(
        deployments=deployments,
        groups=groups,
        open_deployments={d.id: d for d in deployments if d.model is None},
        providers=settings.providers,
        at_provider=_by(deployments, lambda d: d.provider.name),
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
        watch=settings.watch,
        lists=lists,
        listed_sizes=_listed_sizes(settings, lists),
        prices=settings.prices,
        limited=any(d.limited for d in deployments),
        picky=told or any(d.picky for d in deployments),
        modest=told or any(d.modest for d in deployments),
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


def _listed_sizes(settings: Settings, lists: Mapping[Provider, Listing]) -> dict[str, Size]:
    """Of names: the largest that is listed under it, else the one that all have that are listed under it with a tag."""
    exact: dict[str, Size] = {}
    families: dict[str, dict[float, Size]] = {}
    for place, name, card in _all_listed(settings, lists):
        if card.size is not None:
            size = Size(card.size, place)
            exact[name] = max(exact.get(name, size), size, key=_billions)
        billions = sizes.size_in(name) or card.size
        if billions is not None:
            families.setdefault(name.partition(":")[0], {}).setdefault(billions, Size(billions, place))
    return {name: next(iter(found.values())) for name, found in families.items() if len(found) == 1} | exact


def _all_listed(settings: Settings, lists: Mapping[Provider, Listing]) -> Iterator[tuple[str, str, Card]]:
    """Providers, names and what is said of them: as configured, then as told."""
    for provider in settings.providers.values():
        yield from ((provider.name, name, UNTOLD) for name in provider.models)
    used = {d.provider for d in settings.deployments} if lists else ()
    for place, listing in lists.items():
        words = (*listing.cards.items(), *((word, listing.cards[name]) for word, name in listing.spellings.items()))
        yield from ((place.name, word, card) for word, card in words if place in used)


def _billions(size: Size) -> float:
    return size.billions


def _by(deployments: Pool, key: Callable[[Deployment], str | None]) -> dict[str, Pool]:
    """Deployments by what the key says of them, in their order; those of which it says nothing are left out."""
    found: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        name = key(deployment)
        if name is not None:
            found.setdefault(name, []).append(deployment)
    return {name: tuple(members) for name, members in found.items()}
