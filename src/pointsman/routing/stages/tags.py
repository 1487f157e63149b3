"""Tags: deployments of one name told apart by what they carry. Settles requests with tags in groups that are filtered.

LiteLLM's semantics (docs/concepts/routing.md): any common tag is enough unless ``tag_filtering_match_any`` is false;
``default`` is for untagged requests and for tags that nobody in the group knows.
"""

from __future__ import annotations

from pointsman.errors import NoTag
from pointsman.model.decision import Pool
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import DEFAULT, Wish, allowed, known_tags, matching, routing_tags, shown, wished
from pointsman.routing.topology import Topology

MOST_TOLD = 50
"""Tags that an error lists."""


def tags(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    name = found.name
    if name is None or (not asked.tags and name not in topology.tagged):
        return None
    given = routing_tags(asked.tags, topology.tags)
    if name not in topology.filtered:
        return f"{shown(given)}: {name!r} is not filtered by tags" if given else None
    wish = wished(asked.tags, topology.tags)
    pool = matching(topology.serving(name), wish, topology.tags, asked.agent)
    if pool:
        return _settled(name, f"{_told(given, asked)}: {_count(pool, name, topology)}", pool, topology)
    if not wish:
        return "no tags given"
    return _otherwise(name, wish, given, topology)


def _otherwise(name: str, wish: Wish, given: tuple[str, ...], topology: Topology) -> Settled:
    """No member matches: those for everybody, unless somebody in the group knows one of the tags; else a fallback group
    with members that match.
    """
    group = topology.serving(name)
    known = known_tags(group)
    default = tuple(d for d in allowed(group, wish) if DEFAULT in d.tags)
    if wish.plain and default and known.isdisjoint(wish.plain):
        return _settled(name, f"nobody knows the tags {shown(given)}: those for everybody", default, topology)
    for other in topology.fallbacks.get(name, topology.default_fallbacks):
        pool = matching(topology.named(other), wish, topology.tags)
        if pool:
            told = f"tags {shown(given)}: nobody of {name!r}; of its fallback {_count(pool, other, topology)}"
            return Settled(other, told, pool, group=other)
    raise NoTag(
        f"No deployments with tag {shown(given)} for {name!r}; tags there: {shown(sorted(known), MOST_TOLD) or 'none'}",
        unauthorized=topology.tags.unauthorized,
    )


def _settled(name: str, reason: str, pool: Pool, topology: Topology) -> Settled:
    rule = topology.exact.get(name)
    if rule is None:
        return Settled(name, reason, pool, group=name)
    return Settled(rule.model or name, reason, pool, rule.fallback, group=name, chain=rule.chain)


def _told(given: tuple[str, ...], asked: Asked) -> str:
    return f"tags {shown(given)}" if given else f"User-Agent {asked.agent!r}"


def _count(pool: Pool, name: str, topology: Topology) -> str:
    return f"{len(pool)} of {len(topology.serving(name))} of {name!r} match"
