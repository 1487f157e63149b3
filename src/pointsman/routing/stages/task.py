"""Task: what kind of work the request is, by a hint or by its content, and the model for that kind."""

from __future__ import annotations

from pointsman.routing.shapes import UNREAD, Asked, Found, Settled, Unread
from pointsman.routing.topology import TASKS, Topology

STAGE = "task"


def task(asked: Asked, found: Found, topology: Topology) -> Settled | str | Unread | None:
    if topology.tasks is None:
        return None
    if found.name not in (None, TASKS):
        return "a model is named"
    if asked.verdict is None:
        return UNREAD
    stage, label = asked.verdict
    if stage != STAGE:
        return ""
    wanted = next(task for task in topology.tasks.tasks if task.name == label)
    return Settled(found.name, f"model {wanted.model!r}", model=wanted.model)
