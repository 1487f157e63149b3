"""Names in conditions that nobody has: tags of no deployment, capabilities that are not configured."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pointsman.config.findings import Path
from pointsman.config.nearest import near
from pointsman.config.remarks import Remark
from pointsman.config.settings import Settings
from pointsman.model.condition import Compare, Condition, Node, Not


def names_of_nobody(settings: Settings) -> Iterator[Remark]:
    """Tags in conditions that no deployment carries, where there are tags at all; likewise capabilities."""
    known = _known(settings)
    for path, condition in _conditions(settings) if known else ():
        for fact, value in dict.fromkeys(_compared(condition.root)):
            names, told = known.get(fact, ((value,), ""))
            if value not in names:
                meant = near(value, sorted(names))
                hint = "did you mean {1}?" if meant is not None else ""
                yield Remark("warning", path, told, (value, meant or ""), hint)


def _known(settings: Settings) -> dict[str, tuple[Collection[str], str]]:
    """Facts whose texts the configuration lists: those texts, and what is said of any other."""
    carried = {tag for d in settings.deployments for tag in d.tags}
    tasks = {task.name for task in settings.tasks.tasks} if settings.tasks is not None else set[str]()
    prefix = settings.tags.prefix or ""
    known: dict[str, tuple[Collection[str], str]] = {}
    if carried:
        told = "tag {0} is on no deployment"
        known["tags"] = carried | {prefix + tag for tag in carried}, told
        if settings.tags.tasks:
            known["task"] = carried | tasks, told
    if settings.capabilities:
        known["capability"] = {*settings.capabilities, ""}, "there is no capability {0}: no request is let in with it"
    return known


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
