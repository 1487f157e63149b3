"""Which deployments carry a request's tags. Semantics as LiteLLM's users know them (docs/concepts/routing.md).

A plain tag is matched against the deployment's tags, ``!tag`` leaves out those that carry it, ``&tag`` demands it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
import re2

from pointsman.config.settings import TagSettings
from pointsman.model.decision import Pool
from pointsman.model.deployment import Deployment
from pointsman.routing.topology import Topology

DEFAULT = "default"
SIGNS = ("!", "&", "")
LONGEST_SHOWN = 64


class Wish(msgspec.Struct, frozen=True, gc=False):
    """A request's tags that route, by what they ask for."""

    plain: frozenset[str] = frozenset()
    banned: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.plain or self.banned or self.needed)


def routing_tags(tags: tuple[str, ...], settings: TagSettings) -> tuple[str, ...]:
    """The request's tags that route: with a prefix configured those that begin with it, without it."""
    if settings.prefix is None:
        return tags
    return tuple(tag[len(settings.prefix) :] for tag in tags if tag.startswith(settings.prefix))


def wished(tags: tuple[str, ...], settings: TagSettings) -> Wish:
    """What a request's tags ask for. A sign alone asks for nothing."""
    given = routing_tags(tags, settings)
    plain = frozenset([tag for tag in given if tag[:1] not in SIGNS])
    if len(plain) == len(given):
        return Wish(plain)
    banned, needed = (frozenset([tag[1:] for tag in given if tag[:1] == sign and tag[1:]]) for sign in "!&")
    return Wish(plain, banned, needed)


def known_tags(pool: Pool) -> frozenset[str]:
    return frozenset(tag for d in pool for tag in d.tags)


def for_everybody(pool: Pool) -> Pool:
    """Members for requests without tags: those that are tagged ``default`` if there are any, else all."""
    return tuple(d for d in pool if DEFAULT in d.tags) or pool


def allowed(pool: Pool, wish: Wish) -> Pool:
    """Members that carry no tag that is banned and every tag that is needed."""
    banned, needed = wish.banned, wish.needed
    if not banned and not needed:
        return pool
    return tuple([d for d in pool if banned.isdisjoint(d.tags) and needed.issubset(d.tags)])


def fit_for(pool: Pool, wish: Wish, settings: TagSettings, agent: str = "") -> Pool:
    """Members that match; where none does, those that are for everybody. For groups that are turned to."""
    found = matching(pool, wish, settings, agent)
    if found:
        return found
    if not wish:
        return for_everybody(pool)
    return tuple(d for d in allowed(pool, wish) if not d.tags or DEFAULT in d.tags)


def matching(pool: Pool, wish: Wish, settings: TagSettings, agent: str = "") -> Pool:
    """Members that carry the tags, constraints included, or whose ``tag_regex`` matches the User-Agent.

    Constraints alone choose among members for everybody, unless they demand something.
    """
    left = allowed(pool, wish)
    plain = wish.plain
    if plain and settings.match_any:
        carriers = [d for d in left if not plain.isdisjoint(d.tags)]
    else:
        carriers = [d for d in left if plain.issubset(d.tags)] if plain else []
    if carriers:
        return tuple(carriers)
    by_agent = tuple(d for d in left if _knows(d, agent, settings)) if agent else ()
    if by_agent or plain:
        return by_agent
    if wish.needed:
        return left
    return allowed(for_everybody(pool), wish) if wish.banned else ()


def suited(pool: Pool, tags: tuple[str, ...], agent: str, topology: Topology) -> Pool:
    """Of a pool of several names: in those that are filtered by tags, members that fit a request's; all of the others.
    For pools that were put together by something else than a name.
    """
    names = {d.model_name for d in pool if d.model_name in topology.filtered}
    if not names:
        return pool
    wish = wished(tags, topology.tags)
    members = [tuple(d for d in pool if d.model_name == name) for name in names]
    kept = {d.id for group in members for d in fit_for(group, wish, topology.tags, agent)}
    return tuple(d for d in pool if d.model_name not in names or d.id in kept)


def shown(tags: Iterable[str], most: int = 8) -> str:
    """Tags as a text of one bounded line, whatever callers put into them."""
    named = [tag if len(tag) <= LONGEST_SHOWN and tag.isprintable() else repr(tag[:LONGEST_SHOWN]) for tag in tags]
    return ", ".join(named) if len(named) <= most else f"{', '.join(named[:most])}, …"


def _knows(deployment: Deployment, agent: str, settings: TagSettings) -> bool:
    """Does one of its patterns match? With all tags demanded, a member with tags of its own goes by those alone."""
    if not settings.match_any and deployment.tags:
        return False
    return any(program(pattern).search(f"User-Agent: {agent}") is not None for pattern in deployment.tag_regex)


@lru_cache(1024)
def program(pattern: str) -> Any:
    return re2.compile(pattern)
