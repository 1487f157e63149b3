"""Which deployments carry a request's tags. Semantics as LiteLLM's users know them (docs/concepts/routing.md).

A plain tag is matched against the deployment's tags, ``!tag`` leaves out those that carry it, ``&tag`` demands it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from pointsman.config.settings import TagSettings
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment

DEFAULT = "default"


def routing_tags(tags: tuple[str, ...], settings: TagSettings) -> tuple[str, ...]:
    """The request's tags that route: with a prefix configured those that begin with it, without it."""
    if settings.prefix is None:
        return tags
    return tuple(tag[len(settings.prefix) :] for tag in tags if tag.startswith(settings.prefix))


def known_tags(pool: Pool) -> frozenset[str]:
    return frozenset(tag for d in pool for tag in d.tags)


def for_everybody(pool: Pool) -> Pool:
    """Members for requests without tags: those that are tagged ``default`` if there are any, else all."""
    return tuple(d for d in pool if DEFAULT in d.tags) or pool


def fit_for(pool: Pool, tags: tuple[str, ...], settings: TagSettings) -> Pool:
    """Members that carry the tags; where none does, those that are for everybody. For groups that are turned to."""
    given = routing_tags(tags, settings)
    if not given:
        return for_everybody(pool)
    return matching(pool, given, settings) or tuple(d for d in pool if not d.tags or DEFAULT in d.tags)


def matching(pool: Pool, tags: tuple[str, ...], settings: TagSettings, agent: str = "") -> Pool:
    """Members that carry the request's tags, constraints included, or whose ``tag_regex`` matches the User-Agent."""
    plain = frozenset(tag for tag in tags if tag[:1] not in "!&")
    banned = frozenset(tag[1:] for tag in tags if tag[:1] == "!")
    needed = frozenset(tag[1:] for tag in tags if tag[:1] == "&")
    left = tuple(d for d in pool if banned.isdisjoint(d.tags) and needed.issubset(d.tags))
    exact = tuple(d for d in left if plain and _carries(d, plain, settings))
    if exact or (plain and not agent):
        return exact
    by_agent = tuple(d for d in left if agent and _knows(d, agent, settings))
    if by_agent or plain:
        return by_agent
    return left if banned or needed else ()


def _carries(deployment: Deployment, plain: frozenset[str], settings: TagSettings) -> bool:
    if settings.match_any:
        return not plain.isdisjoint(deployment.tags)
    return plain.issubset(deployment.tags)


def _knows(deployment: Deployment, agent: str, settings: TagSettings) -> bool:
    """Does one of its patterns match? With all tags demanded, a member with tags of its own goes by those alone."""
    if not settings.match_any and deployment.tags:
        return False
    return any(program(pattern).search(f"User-Agent: {agent}") is not None for pattern in deployment.tag_regex)


@lru_cache(1024)
def program(pattern: str) -> Any:
    return re2.compile(pattern)
