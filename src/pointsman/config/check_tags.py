"""Tags that tell nobody apart, deployments that take what tags should tell apart, and tags that nobody carries."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.findings import Path
from pointsman.config.nearest import near
from pointsman.config.remarks import DEPLOYMENT, Remark
from pointsman.config.settings import Settings
from pointsman.model.condition import Compare, Condition, Node, Not
from pointsman.model.deployment import Deployment

DEFAULT = "default"
SWITCH = "enable_tag_filtering"
TRAP = "give it tags of its own, or leave it out"


def untagged_among_tagged(settings: Settings) -> Iterator[Remark]:
    """The base model beside its adapters: it answers what no tag, or none that is known, leads elsewhere."""
    for name, members in _tagged(settings).items():
        if not _filtered(members, settings):
            continue
        for deployment in members:
            about = (DEPLOYMENT, deployment.id)
            if DEFAULT in deployment.tags:
                text = "is tagged `default`: requests of {} without a tag, or with one that nobody there has, go to it"
                yield Remark("warning", about, text, (name,), TRAP)
            elif not deployment.tags and not deployment.tag_regex:
                text = "has no tags, other deployments of {} have: requests without a tag may go to it"
                yield Remark("warning", about, text, (name,), TRAP)


def tags_without_filtering(settings: Settings) -> Iterator[Remark]:
    """Tags of a name whose deployments are not filtered, and members that disagree whether they are."""
    for name, members in _tagged(settings).items():
        first = next(d for d in members if d.tags or d.tag_regex)
        if not _filtered(members, settings):
            text, hint = (
                "has tags, and deployments of {} are not filtered by them",
                f"set router_settings.{SWITCH}: true",
            )
            yield Remark("warning", (DEPLOYMENT, first.id), text, (name,), hint)
        switches = [d for d in members if SWITCH in d.info]
        for deployment in switches[1:]:
            if deployment.info[SWITCH] != switches[0].info[SWITCH]:
                text = f"says another {SWITCH} than {{}} of the same name, and that one counts"
                yield Remark("warning", (DEPLOYMENT, deployment.id), text, (switches[0].id,))


def tags_behind_the_prefix(settings: Settings) -> Iterator[Remark]:
    """With a prefix, the request's tags lose it before they are compared."""
    prefix = settings.tags.prefix
    for deployment in settings.deployments if prefix else ():
        for tag in deployment.tags:
            if tag.startswith(prefix or ""):
                text = "tag {} begins with tag_routing_prefix, which requests' tags lose: no request has it"
                yield Remark("warning", (DEPLOYMENT, deployment.id), text, (tag,), "leave the prefix out")


def tags_of_nobody(settings: Settings) -> Iterator[Remark]:
    """Tags in conditions that no deployment carries, where there are tags at all."""
    carried = {tag for d in settings.deployments for tag in d.tags}
    tasks = {task.name for task in settings.tasks.tasks} if settings.tasks is not None else set[str]()
    prefix = settings.tags.prefix or ""
    known = {"tags": carried | {prefix + tag for tag in carried}}
    if settings.tags.tasks:
        known["task"] = carried | tasks
    for path, condition in _conditions(settings) if carried else ():
        for fact, value in dict.fromkeys(_compared(condition.root)):
            if value not in known.get(fact, {value}):
                meant = near(value, sorted(known[fact]))
                hint = "did you mean {1}?" if meant is not None else ""
                yield Remark("warning", path, "tag {0} is on no deployment", (value, meant or ""), hint)


def _tagged(settings: Settings) -> dict[str, list[Deployment]]:
    """The deployments of each name of which some have tags."""
    groups: dict[str, list[Deployment]] = {}
    for deployment in settings.deployments:
        if deployment.model is not None:
            groups.setdefault(deployment.model_name, []).append(deployment)
    return {name: members for name, members in groups.items() if any(d.tags or d.tag_regex for d in members)}


def _filtered(members: list[Deployment], settings: Settings) -> bool:
    said = (d.info[SWITCH] for d in members if SWITCH in d.info)
    return bool(next(said, settings.tags.enabled))


def _conditions(settings: Settings) -> Iterator[tuple[Path, Condition]]:
    """Every condition with its place."""
    for rule in settings.metadata:
        yield ("request_metadata_routing", rule.name, "condition"), rule.condition
    for chain in settings.chains.values():
        for index, member in enumerate(chain.members):
            if member.condition is not None:
                yield ("fallback_chains", chain.name, "chain", index, "condition"), member.condition
    for task in settings.tasks.tasks if settings.tasks is not None else ():
        if task.when is not None:
            yield ("tasks", task.name, "when"), task.when


def _compared(node: Node) -> Iterator[tuple[str, str]]:
    """Facts and the texts that they are asked to be."""
    if isinstance(node, Not):
        yield from _compared(node.part)
    elif isinstance(node, Compare):
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        if node.operator in ("==", "in"):
            yield from ((node.fact.name, value) for value in values if isinstance(value, str))
    else:
        for part in getattr(node, "parts", ()):
            yield from _compared(part)
