"""Reading what a request is about. Pure inference: embeddings come from outside, as an effect."""

from __future__ import annotations

from pointsman.model.request import Request
from pointsman.routing import features
from pointsman.routing.classify.tasks import TaskReader
from pointsman.routing.shapes import Reader
from pointsman.routing.topology import Topology


def readers_of(topology: Topology) -> tuple[tuple[str, Reader], ...]:
    """A reader for each content stage that is configured, in the order of the stages."""
    found: list[tuple[str, Reader]] = []
    if topology.tasks is not None:
        found.append(("task", TaskReader(topology, topology.tasks)))
    return tuple(found)


def text_for(request: Request, topology: Topology) -> str | None:
    """The words that an encoder is asked about; None if there are none."""
    most = topology.semantic.encoder.most if topology.semantic is not None else 0
    return features.last_words(request, most) or None
