"""Tags: deployments of one name told apart by what they carry. Settles requests with tags in groups that have some.

LiteLLM's semantics (docs/concepts/routing.md): any common tag is enough unless ``tag_filtering_match_any`` is false;
``default`` is for untagged requests and for tags that nobody in the group knows.
"""

from __future__ import annotations

from pointsman.errors import NoTag
from pointsman.model.decision import Pool
from pointsman.routing.shapes import Asked, Found, Settled
from pointsman.routing.tagging import DEFAULT, known_tags, matching, routing_tags
from pointsman.routing.topology import Topology


def tags(asked: Asked, found: Found, topology: Topology) -> Settled | str | None:
    given = routing_tags(asked.tags, topology.tags)
    name = found.name
    if name is None or name not in topology.tagged:
        return f"{', '.join(given)}: the name is not told apart by tags" if given else None
    group = topology.groups[name]
    if not given and not asked.agent:
        return "no tags given"
    pool = matching(group, given, topology.tags, asked.agent)
    if pool:
        told = f"tags {', '.join(given)}" if given else f"User-Agent {asked.agent!r}"
        return Settled(name, f"{told}: {len(pool)} of {len(group)} of {name!r} match", pool, group=name)
    return _otherwise(name, given, group, topology)


def _otherwise(name: str, given: tuple[str, ...], group: Pool, topology: Topology) -> Settled | str:
    """No member matches: those for everybody, unless somebody in the group knows one of the tags."""
    if not given:
        return "no tags given"
    known = known_tags(group)
    default = tuple(d for d in group if DEFAULT in d.tags)
    if default and known.isdisjoint(given):
        return Settled(name, f"nobody knows the tags {', '.join(given)}: those for everybody", default, group=name)
    raise NoTag(
        f"No deployments with tag {', '.join(given)} for {name!r}; tags there: {', '.join(sorted(known)) or 'none'}",
        unauthorized=topology.tags.unauthorized,
    )
