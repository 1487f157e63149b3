"""Typed sections to Settings: everything known is put together here, once, in an order that can be read downwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pointsman.config.address import Addresses
from pointsman.config.deployments import Ids, Placed, check_ids, deployments, traits
from pointsman.config.environment import Environment
from pointsman.config.findings import Path, Report
from pointsman.config.litellm import ROUTER, SERVER, SWITCHES
from pointsman.config.names import ANY, Chain, read_aliases, read_fallbacks, read_names
from pointsman.config.patterns import programs
from pointsman.config.places import Places
from pointsman.config.prices import read_prices
from pointsman.config.references import Known, References, chains_refs, resolved_aliases
from pointsman.config.registry import Registry
from pointsman.config.schema import Document, ProviderSection
from pointsman.config.sections.context import Context
from pointsman.config.sections.rest import read_allowed, read_breaker
from pointsman.config.sections.retries import read_retries
from pointsman.config.sections.routes import read_routes
from pointsman.config.sections.semantic import Semantic
from pointsman.config.sections.tags import read_tags
from pointsman.config.sections.tasks import canonical, read_tasks
from pointsman.config.settings import HedgeSettings, RetrySettings, RouterSettings, ServerSettings, Settings
from pointsman.model.deployment import Deployment, Provider
from pointsman.model.rest import BreakerSettings

OPEN_NAME = "*"
"""``model_name`` of a provider's open deployment, which serves any name as asked."""


FALLBACKS = "fallbacks"
CONTEXT_FALLBACKS = "context_window_fallbacks"
CONTENT_FALLBACKS = "content_policy_fallbacks"


class Assembled(msgspec.Struct, frozen=True):
    """Settings, with the path of each deployment that came from ``model_list``, by id."""

    settings: Settings
    paths: dict[str, Path]


def assemble(
    document: Document, data: Mapping[str, Any], environment: Environment, report: Report, *, standalone: bool
) -> Assembled:
    """Build Settings from what could be read. With an error in the report the result is partial.

    ``data`` is the same document as plain values: names of entries that are wrong otherwise still count as defined.
    """
    registry = Registry(environment, report)
    registry.take(document.providers, _written(data, "providers"))
    addresses = Addresses(registry, report)
    placed = deployments(document.model_list, addresses, document.providers, report)
    places = Places(addresses)
    context = Context(places, report)
    routes = read_routes(document, context)
    semantic = Semantic(document.semantic_router, registry, placed, context)
    placed += semantic.placed
    providers = registry.named | {provider.name: provider for provider in places.providers.values()}
    check_ids(placed, providers, report)
    names = _Names(document, report)
    settings = Settings(
        deployments=tuple(_all(placed, providers.values(), document)),
        providers=providers,
        aliases=names.aliases,
        alias_groups=names.groups,
        hidden=names.hidden,
        fallbacks=names.fallbacks[FALLBACKS],
        default_fallbacks=names.default_fallbacks,
        context_fallbacks=names.fallbacks[CONTEXT_FALLBACKS],
        content_fallbacks=names.fallbacks[CONTENT_FALLBACKS],
        router=_router(document, read_retries(document.router_settings, names.aliases, context), report),
        tags=read_tags(document, report),
        server=_server(document, data, registry, report),
        tasks=read_tasks(document.tasks, context),
        semantic=semantic.settings,
        prices=read_prices(document.prices, report),
        **routes,
    )
    known = _known(settings, data, names, places, tuple(programs(document.patterns, report)))
    _check_names(References(known, report, "warning" if standalone else "error"), names, context)
    return Assembled(settings, {p.deployment.id: p.path for p in placed})


class _Names:
    """Fallbacks and aliases of a document, read and resolved."""

    def __init__(self, document: Document, report: Report) -> None:
        router, general = document.router_settings, document.litellm_settings
        every = (FALLBACKS, CONTEXT_FALLBACKS, CONTENT_FALLBACKS)
        chains = {key: self._chains(document, key, report) for key in every}
        self.chains = [chain for listed in chains.values() for chain in listed]
        defaults = "router_settings" if router.default_fallbacks is not None else "litellm_settings"
        listed = router.default_fallbacks if router.default_fallbacks is not None else general.default_fallbacks
        self.defaults = [
            *read_names(listed or [], (defaults, "default_fallbacks"), report),
            *(ref for chain in chains[FALLBACKS] if chain.first.name == ANY for ref in chain.then),
        ]
        self.read = read_aliases(router.model_group_alias, ("router_settings", "model_group_alias"), report)
        self.aliases, self.groups = resolved_aliases(self.read, report)
        self.hidden = frozenset(alias.name.name for alias in self.read if alias.hidden)
        self.fallbacks = {key: self._following(listed) for key, listed in chains.items()}
        self.fallbacks[FALLBACKS].pop(ANY, None)
        self.default_fallbacks = tuple(dict.fromkeys(ref.name for ref in self.defaults))

    @staticmethod
    def _following(chains: list[Chain]) -> dict[str, tuple[str, ...]]:
        named = {chain.first.name: tuple(dict.fromkeys(ref.name for ref in chain.then)) for chain in chains}
        return {name: following for name, following in named.items() if following}

    @staticmethod
    def _chains(document: Document, key: str, report: Report) -> list[Chain]:
        router, general = getattr(document.router_settings, key), getattr(document.litellm_settings, key)
        ours, theirs = ("router_settings", key), ("litellm_settings", key)
        if router is None:
            return read_fallbacks(general, theirs, report)
        if general is not None and general != router:
            report.warning(theirs, "are not used: those of `router_settings` count")
        return read_fallbacks(router, ours, report)


def _all(placed: list[Placed], providers: Iterable[Provider], document: Document) -> Iterable[Deployment]:
    """Every deployment; of those that say nothing of ``drop_params`` the word that holds for all counts."""
    usual = document.litellm_settings.drop_params
    for deployment in _each(placed, providers, document.providers):
        unsaid = usual is not None and deployment.drop_params is None
        yield msgspec.structs.replace(deployment, drop_params=usual) if unsaid else deployment


def _each(
    placed: list[Placed], providers: Iterable[Provider], sections: Mapping[str, ProviderSection]
) -> Iterable[Deployment]:
    """Those of ``model_list``, those that a provider lists, and one that is open for each provider."""
    ids = Ids(p.deployment.id for p in placed)
    served = {(p.deployment.model_name, p.deployment.provider.name) for p in placed}
    yield from (p.deployment for p in placed)
    providers = tuple(providers)
    for provider in providers:
        for model in provider.models:
            if (model, provider.name) not in served:
                known = traits(sections.get(provider.name))
                yield Deployment(ids.make(model, provider.name), model, provider, model, **known)
    for provider in providers:
        yield Deployment(provider.name, OPEN_NAME, provider, None, **traits(sections.get(provider.name)))


def _router(document: Document, retries: RetrySettings, report: Report) -> RouterSettings:
    values: dict[str, Any] = {"retries": retries}
    for field, places in ROUTER.items():
        said = [(getattr(getattr(document, section), key), (section, key)) for section, key in places]
        said = [(value, path) for value, path in said if value is not None]
        if said:
            values[field] = said[0][0]
        for value, path in said[1:]:
            if value != said[0][0]:
                report.warning(path, f"is not used: `{'.'.join(said[0][1])}` counts")
    section = document.router_settings
    values["pre_call_checks"] = bool(section.enable_pre_call_checks)
    if section.hedge_after is not None:
        values["hedge"] = _hedge(section.hedge_after, section.hedge_share)
    if section.mid_stream is not None:
        values["resume"] = section.mid_stream == "resume"
    elif section.enable_mid_stream_fallback_continuation is not None:
        values["resume"] = section.enable_mid_stream_fallback_continuation
    values["allowed"] = read_allowed(section.allowed_fails_policy, section.place("allowed_fails_policy"), report)
    values["breaker"] = BreakerSettings().changed(read_breaker(section.breaker, values.get("cooldown_time")))
    values["disable_cooldowns"] = bool(section.disable_cooldowns)
    values["debug_router"] = bool(section.debug_router or document.debug_router or document.debug)
    for (name, key), told in SWITCHES.items():
        position = getattr(getattr(document, name), key)
        if position is not None:
            report.info((name, key), told[position])
    return RouterSettings(**values)


def _hedge(after: float | str, share: float | None) -> HedgeSettings:
    made = HedgeSettings(after if isinstance(after, float) else None)
    return made if share is None else HedgeSettings(made.delay, share)


def _server(document: Document, data: Mapping[str, Any], registry: Registry, report: Report) -> ServerSettings:
    general, path = document.general_settings, ("general_settings", "master_key")
    values = {ours: value for ours, key in SERVER.items() if (value := getattr(general, key)) is not None}
    if general.max_request_size_mb is not None:
        values["max_request_bytes"] = int(general.max_request_size_mb * 1024 * 1024)
    key = registry.key(general.master_key, path)
    if general.master_key is not None and key is None:
        report.error(path, "is empty", suggestion="leave it out to let everybody in")
    litellm = any(data.get(name) for name in ("model_list", "litellm_settings"))
    return ServerSettings(master_key=key, litellm_headers=litellm, **values)


def _written(data: Any, section: str) -> frozenset[str]:
    """The names in a section, rightly or wrongly described."""
    written = data.get(section) if isinstance(data, Mapping) else None
    return frozenset(written) if isinstance(written, Mapping) else frozenset()


def _known(
    settings: Settings, data: Mapping[str, Any], names: _Names, places: Places, compiled: tuple[Any, ...]
) -> Known:
    """What is defined, rightly or wrongly: a name whose entry has an error is not a second error elsewhere."""
    entries = data.get("model_list")
    written = (
        [entry.get("model_name") for entry in entries if isinstance(entry, Mapping)]
        if isinstance(entries, list)
        else []
    )
    served = {d.model_name for d in settings.deployments if d.model is not None}
    at = {d.provider.name for d in settings.deployments}
    return Known(
        served=frozenset(served | {name for name in written if isinstance(name, str)}),
        aliases=settings.aliases,
        groups=frozenset(alias.name.name for alias in names.read) - settings.aliases.keys(),
        exact=_written(data, "exact_matches") | _written(data, "redundant_models"),
        providers=frozenset(at | places.providers.keys() | _written(data, "providers")),
        capabilities=_written(data, "capabilities"),
        chains=_written(data, "fallback_chains"),
        tasks=frozenset(map(canonical, _written(data, "tasks"))),
        categories=_written(data.get("semantic_router"), "categories"),
        programs=compiled,
        catch_all=settings.default_provider in at,
    )


def _check_names(references: References, names: _Names, context: Context) -> None:
    references.providers(context.places.refs)
    references.groups(context.groups)
    references.chains(context.chains)
    references.models(context.called)
    references.tasks(context.tasks)
    references.categories(context.categories)
    references.models(chains_refs(names.chains))
    references.models(names.defaults)
    for alias in names.read:
        references.members(alias.means) if alias.group else references.models(alias.means)
