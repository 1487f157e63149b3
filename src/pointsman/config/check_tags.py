"""Tags that tell nobody apart, and deployments that take what tags should tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.config.remarks import DEPLOYMENT, Remark
from pointsman.config.settings import Settings
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
