"""Rules that would mix the vectors of two models: what one has embedded can't be found with the other's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pointsman.config.possible import odds
from pointsman.config.remarks import Remark
from pointsman.config.settings import Settings
from pointsman.model.condition import All, Compare, Fact, Node, Not

EMBEDDER = re.compile(r"embed|(?:^|[/:_-])(?:bge|gte|e5|minilm|mpnet)(?:[-_:.]|$)", re.IGNORECASE)
"""Names of models that make vectors, where no ``mode`` says it."""

EMBEDDINGS = Compare(Fact("endpoint"), "==", "embeddings")


MOST_RULES, MOST_NAMES = 100, 10
"""How many are looked at: of so many rules and models, less than a second."""


def embeddings_that_mix(settings: Settings) -> Iterator[Remark]:
    """Of the requests for one embedding model some meet a metadata rule, whose provider has another one for them."""
    embedders = _embedders(settings) if settings.metadata else {}
    earlier: list[Node] = []
    for rule in settings.metadata[:MOST_RULES]:
        default = _default(rule.provider, settings)
        there = [other.condition.root for other in settings.metadata if other.provider == rule.provider]
        for name, models in list(embedders.items())[:MOST_NAMES]:
            if default is None or _serves(rule.provider, name, settings) or not models.isdisjoint(default[1]):
                continue
            asked = (EMBEDDINGS, Compare(Fact("model"), "==", name))
            if _may((*asked, rule.condition.root, *map(Not, earlier))) and _may((*asked, *map(Not, there))):
                text = "sends embedding requests for {} that meet it to {}, the default of provider {}, and others not"
                hint = 'vectors of two models can\'t be compared; add: and endpoint != "embeddings"'
                path = ("request_metadata_routing", rule.name, "condition")
                yield Remark("warning", path, text, (name, default[0], rule.provider), hint)
                break
        earlier.append(rule.condition.root)


def _may(nodes: tuple[Node, ...]) -> bool:
    return odds(All(nodes)) is None


def _embedders(settings: Settings) -> dict[str, set[str]]:
    """Public names of models that make vectors, with what their upstreams call them."""
    models: dict[str, set[str]] = {}
    found: set[str] = set()
    for deployment in settings.deployments:
        if deployment.model is not None:
            models.setdefault(deployment.model_name, set()).add(_plain(deployment.model))
            if deployment.info.get("mode") == "embedding":
                found.add(deployment.model_name)
    for name, rule in settings.exact.items():
        models.setdefault(name, set()).add(_plain(rule.model or name))
    for name in settings.redundant:
        models.setdefault(name, {_plain(name)})
    return {
        name: upstream
        for name, upstream in models.items()
        if name in found or any(map(EMBEDDER.search, {name, *upstream}))
    }


def _default(provider: str, settings: Settings) -> tuple[str, set[str]] | None:
    """What a provider serves in the place of a name that it does not have, and what it calls that."""
    place = settings.providers.get(provider)
    listed = [d for d in settings.deployments if d.provider.name == provider and d.model is not None]
    name = place.default_model if place is not None else None
    if name is None:
        name = listed[0].model_name if listed else None
    models = {_plain(d.model or "") for d in listed if d.model_name == name}
    return (name, models or {_plain(name)}) if name is not None else None


def _serves(provider: str, name: str, settings: Settings) -> bool:
    """Is it known to serve the name, or another one of the name's group?"""
    rule, place = settings.exact.get(name), settings.providers.get(provider)
    if rule is not None and rule.provider == provider:
        return True
    if place is not None and name in (*place.models, place.default_model):
        return True
    if any(share.provider == provider for share in settings.redundant.get(name, ())):
        return True
    groups = [members for members in settings.alias_groups.values() if name in members]
    names = {name, *(member for members in groups for member in members)}
    return any(d.model_name in names and d.provider.name == provider for d in settings.deployments)


def _plain(model: str) -> str:
    return model.removesuffix(":latest")
