"""Requests whose content decides: their words are read, and what was read is settled like any other answer."""

from __future__ import annotations

import msgspec

from pointsman.model.decision import Step
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing.classify import readers_of, text_for
from pointsman.routing.settle import Settler
from pointsman.routing.shapes import Asked, Resolution
from pointsman.routing.topology import Topology


class Content:
    """Over one topology. ``remote``: its encoder is asked by an effect, so that ``wanted`` has something to say."""

    def __init__(self, topology: Topology) -> None:
        self._readers = readers_of(topology)
        self.remote = topology.semantic is not None and topology.semantic.encoder.kind != "lexical"
        self._topology = topology

    def wanted(self, request: Request) -> str | None:
        """The text whose embedding would help to decide; None for requests whose content is not looked at."""
        if not self.remote or (request.model is not None and request.model not in self._topology.entries):
            return None
        return text_for(request, self._topology)

    def settle(
        self, request: Request, asked: Asked | str | None, vector: object | None, view: View, settler: Settler
    ) -> tuple[Asked, Resolution]:
        """Read the content stage by stage until one has a label, and settle the request with it."""
        known = asked if isinstance(asked, Asked) else Asked(asked)
        said: dict[str, str] = {}
        label: str | None = None
        for stage, reader in self._readers:
            verdict = reader(request, known, vector, view)
            said[stage] = verdict.reason
            if verdict.label is not None:
                label = verdict.label
                known = known._replace(verdict=(stage, label))
                break
        else:
            known = known._replace(verdict=("", ""))
        resolution = settler.resolve(known)
        return known, msgspec.structs.replace(
            resolution, steps=_told(resolution.steps, said), calm=_told(resolution.calm, said)
        )


def _told(steps: tuple[Step, ...], said: dict[str, str]) -> tuple[Step, ...]:
    """The same steps with what was read in this very request."""
    return tuple(
        Step(step.stage, step.before, step.after, f"{said[step.stage]}{step.reason and '; '}{step.reason}")
        if step.stage in said
        else step
        for step in steps
    )
