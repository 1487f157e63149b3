"""From a Request to Asked: what resolvers may know of it. Looks at hints and metadata rules, never at its content."""

from __future__ import annotations

from pointsman.model.request import NO_HINTS, Request
from pointsman.model.view import View
from pointsman.routing.conditions import Facts, compiled
from pointsman.routing.shapes import Asked
from pointsman.routing.topology import Topology

LONGEST_AGENT = 256
"""Characters of a User-Agent: it is part of what answers are remembered by."""


class Asking:
    """Over one topology, its rules' conditions compiled. ``by_name``: no request is told apart by more than hints."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._rules = tuple(compiled(rule.condition) for rule in topology.metadata)
        self.by_name = not self._rules and not topology.agents

    def asked(self, request: Request, view: View) -> Asked | str | None:
        """Its name alone where that tells all, which is the common case."""
        if self.by_name and request.hints is NO_HINTS:
            return request.model
        tags, task = self._tags_and_task(request)
        hints = request.hints
        rule = self._rule(request, view) if self._rules else None
        agent = self._agent(request) if self._topology.agents else ""
        return Asked(request.model, tags, agent, rule, hints.capability, hints.chain, task)

    def _tags_and_task(self, request: Request) -> tuple[tuple[str, ...], str | None]:
        """A body's task is a tag where tasks are tags; the header's is one where the group is told apart by tags."""
        topology, hints = self._topology, request.hints
        tags, task = hints.tags, hints.task_class
        if hints.task is not None:
            if topology.tags.tasks:
                tags = (*tags, hints.task)
            elif task is None and hints.task in topology.task_names:
                task = hints.task
        if hints.task_class is not None and topology.aliased(request.model) in topology.tagged:
            tags, task = (*tags, hints.task_class), None
        return tags, task

    def _rule(self, request: Request, view: View) -> int | None:
        """The index of the first rule in document order whose condition holds."""
        facts = Facts(request, self._topology, view)
        return next((index for index, holds in enumerate(self._rules) if holds(facts)), None)

    @staticmethod
    def _agent(request: Request) -> str:
        return request.headers.get(b"user-agent", b"").decode("latin-1")[:LONGEST_AGENT]
