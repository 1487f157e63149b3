"""Requests whose content decides: their words are read, and what was read is settled like any other answer.

The readers are imported where they are configured: numpy takes 16 MB and 70 ms, and most configurations need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pointsman.errors import PointsmanError
from pointsman.model.decision import Step
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.settle import Settler
from pointsman.routing.shapes import Asked, Heard, Reader, Resolution
from pointsman.routing.topology import SEMANTIC, TASKS, Topology

if TYPE_CHECKING:
    from pointsman.routing.classify.semantic import SemanticReader
    from pointsman.routing.classify.tasks import TaskReader


class Content:
    """Over one topology. ``remote``: its encoder is asked by an effect, so that ``wanted`` has something to say."""

    def __init__(self, topology: Topology) -> None:
        self._tasks = _task_reader(topology)
        self._semantic = _semantic_reader(topology)
        self.remote = self._semantic is not None and self._semantic.remote

    def wanted(self, request: Request, asked: Asked | str | None, view: View) -> tuple[str, tuple[str, ...]] | None:
        """The text and the examples whose vectors would help to decide a request that is still unread; None for one
        that its task settles, or whose session keeps its category.
        """
        if not self.remote or self._semantic is None:
            return None
        known = asked if isinstance(asked, Asked) else Asked(asked)
        first = self._readers(known)[0][1]
        if first is not self._semantic and first(request, known, None, view).label is not None:
            return None
        return self._semantic.texts(request, view) if known.name in (None, SEMANTIC) else None

    def settle(
        self, request: Request, asked: Asked | str | None, heard: Heard | None, view: View, settler: Settler
    ) -> tuple[Asked, Resolution]:
        """Read the content stage by stage until one has a label, and settle the request with it."""
        known = asked if isinstance(asked, Asked) else Asked(asked)
        said: dict[str, str] = {}
        found = ("", "")
        for stage, reader in self._readers(known):
            verdict = reader(request, known, heard, view)
            said[stage] = verdict.reason
            if verdict.label is not None:
                found = (stage, verdict.label)
                break
        known = known._replace(verdict=found)
        try:
            resolution = settler.resolve(known)
        except PointsmanError as error:
            error.steps = _told(error.steps, said)
            raise
        return known, msgspec.structs.replace(
            resolution, steps=_told(resolution.steps, said), calm=_told(resolution.calm, said)
        )

    def _readers(self, asked: Asked) -> list[tuple[str, Reader]]:
        """A reader for each content stage that is configured and asked for, in their order. No name asks for all."""
        found: list[tuple[str, Reader]] = []
        if self._tasks is not None and asked.name in (None, TASKS):
            found.append(("task", self._tasks))
        if self._semantic is not None and asked.name in (None, SEMANTIC):
            found.append(("semantic", self._semantic))
        return found


def _task_reader(topology: Topology) -> TaskReader | None:
    if topology.tasks is None:
        return None
    from pointsman.routing.classify.tasks import TaskReader  # noqa: PLC0415  see above

    return TaskReader(topology, topology.tasks)


def _semantic_reader(topology: Topology) -> SemanticReader | None:
    if topology.semantic is None:
        return None
    from pointsman.routing.classify.semantic import SemanticReader  # noqa: PLC0415  see above

    return SemanticReader(topology.semantic)


def _told(steps: tuple[Step, ...], said: dict[str, str]) -> tuple[Step, ...]:
    """The same steps with what was read in this very request."""
    return tuple(
        Step(step.stage, step.before, step.after, f"{said[step.stage]}{step.reason and '; '}{step.reason}")
        if step.stage in said
        else step
        for step in steps
    )
