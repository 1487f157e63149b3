"""Findings beyond the schema: what is well formed and still probably not meant. Pure questions to a Settings.

To add one: a function from Settings to Remarks, and its line in PRESENT, or in MISSING if it misses something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pointsman.config.check_capabilities import capabilities_of_nobody
from pointsman.config.check_embeddings import embeddings_that_mix
from pointsman.config.check_fallbacks import fallbacks_as_short, fallbacks_in_circles, fallbacks_to_themselves
from pointsman.config.check_libraries import libraries_that_are_missing, services_of_libraries
from pointsman.config.check_names import names_of_nobody
from pointsman.config.check_patterns import patterns_in_the_way, sizes_behind_all
from pointsman.config.check_rules import (
    chains_that_end,
    fallbacks_to_the_same,
    shares_of_nothing,
    unreachable_metadata,
    unreachable_sizes,
)
from pointsman.config.check_semantic import nothing_for_the_rest
from pointsman.config.check_tags import (
    tags_behind_the_prefix,
    tags_without_filtering,
    untagged_among_tagged,
)
from pointsman.config.check_times import timeouts_behind_others
from pointsman.config.remarks import DEPLOYMENT, Remark
from pointsman.config.settings import ExactMatch, Pattern, Settings, SizeRule
from pointsman.config.words import words
from pointsman.model.deployment import Deployment
from pointsman.model.secret import Secret

WELL_KNOWN = words(
    """
    sk-1234 sk-12345 sk-123456 sk-test sk-master sk-admin sk-secret sk-password sk-changeme test admin master secret
    password passw0rd changeme change-me change_me letmein default example 123456 12345678 1234567890 qwerty
    """
)
SHORTEST_KEY = 16
FEWEST_CHARACTERS = 5


def check(settings: Settings, *, standalone: bool = False, whole: bool = True) -> list[Remark]:
    """All remarks. A block that stands ``alone`` need not have deployments. Unless the ``whole`` configuration could be
    read nothing is missed: it may stand in what could not.
    """
    questions = (*PRESENT, *MISSING) if whole else PRESENT
    found = [remark for question in questions for remark in question(settings)]
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
    used = {d.provider.name for d in settings.deployments if d.model is not None} | set(_named(settings))
    everybody = any(not c.models and not c.providers for c in settings.capabilities.values())
    for name in settings.providers if not everybody else ():
        if name not in used:
            yield Remark(
                "warning",
                ("providers", name),
                "nothing leads to this provider",
                suggestion="list its `models`",
            )


def _named(settings: Settings) -> Iterator[str | None]:
    """Every provider that a rule may send requests to, or that tells what they are like."""
    yield settings.default_provider
    rules: tuple[ExactMatch | Pattern | SizeRule, ...] = (
        *settings.exact.values(), *settings.patterns, *settings.sizes,
    )  # fmt: skip
    for rule in rules:
        yield from (rule.provider, rule.fallback)
    for wanted in settings.capabilities.values():
        yield from (*wanted.providers, wanted.fallback)
    yield from (share.provider for shares in settings.redundant.values() for share in shares)
    encoder = settings.semantic.encoder.provider if settings.semantic is not None else None
    yield encoder.name if encoder is not None else None
    yield from _whatever_the_name(settings)


def _whatever_the_name(settings: Settings) -> Iterator[str]:
    """Providers that requests may be sent to by any name."""
    yield from (rule.provider for rule in settings.metadata)
    yield from (member.provider for chain in settings.chains.values() for member in chain.members)


def _shadowed_entries(settings: Settings) -> Iterator[Remark]:
    anyway = set(_whatever_the_name(settings))
    for deployment in settings.deployments:
        name, provider = deployment.model_name, deployment.provider.name
        rule, shares = settings.exact.get(name), settings.redundant.get(name)
        if deployment.model is None or provider in anyway or (rule and provider == rule.fallback):
            continue
        if shares is not None and provider not in {share.provider for share in shares}:
            text = "redundant_models has {} at other providers, so this one gets no traffic"
            yield Remark("warning", (DEPLOYMENT, deployment.id), text, (name,))
        elif rule is not None and shares is None and provider != rule.provider:
            text = "exact_matches sends {} to provider {}, so this one gets no traffic"
            yield Remark("warning", (DEPLOYMENT, deployment.id), text, (name, rule.provider))
    path = ("router_settings", "model_group_alias")
    served = {d.model_name for d in settings.deployments if d.model is not None} | settings.exact.keys()
    for alias in (*settings.aliases, *settings.alias_groups):
        if alias in served:
            yield Remark("warning", (*path, alias), "hides what else is served under this name")


def _half_weighted(settings: Settings) -> Iterator[Remark]:
    """simple-shuffle shares by the first of weight, rpm, tpm that any member sets; members without it get nothing."""
    strategies = settings.strategies
    for name, members in _groups(settings).items():
        if strategies.groups.get(name, strategies.default) != "simple-shuffle":
            continue
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


Question = Callable[[Settings], Iterator[Remark]]

PRESENT: tuple[Question, ...] = (
    _master_key,
    patterns_in_the_way,
    sizes_behind_all,
    unreachable_metadata,
    unreachable_sizes,
    fallbacks_to_the_same,
    tags_behind_the_prefix,
    _duplicates,
    fallbacks_to_themselves,
    fallbacks_in_circles,
    libraries_that_are_missing,
    services_of_libraries,
)
"""About what is there, whatever else is."""

MISSING: tuple[Question, ...] = (
    _unused_providers,
    chains_that_end,
    shares_of_nothing,
    capabilities_of_nobody,
    untagged_among_tagged,
    tags_without_filtering,
    names_of_nobody,
    nothing_for_the_rest,
    fallbacks_as_short,
    timeouts_behind_others,
    embeddings_that_mix,
    _shadowed_entries,
    _half_weighted,
)
"""About what is not there."""
