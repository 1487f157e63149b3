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
    """Over one topology, its rules' conditions compiled."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._rules = tuple((index, compiled(rule.condition)) for index, rule in enumerate(topology.metadata))
        self._by_name = not self._rules and not topology.agents

    def asked(self, request: Request, view: View) -> Asked | str | None:
        """Its name alone where that tells all, which is the common case."""
        hints = request.hints
        if self._by_name and hints is NO_HINTS:
            return request.model
        met = self._met(request, view) if self._rules else ()
        agent = self._agent(request) if self._topology.agents else ""
        if hints is NO_HINTS:
            return Asked(request.model, (), agent, met) if met or agent else request.model
        tags, task = self._tags_and_task(request)
        return Asked(request.model, tags, agent, met, hints.capability, hints.chain, task)

    def _tags_and_task(self, request: Request) -> tuple[tuple[str, ...], str | None]:
        """A body's task is a tag where tasks are tags, unless it is a class of task for a request that leaves the model
        to its content; the header's is a tag where the group is told apart by tags.
        """
        topology, hints = self._topology, request.hints
        tags, task, name = hints.tags, self._class(hints.task_class), topology.aliased(request.model)
        if hints.task is not None:
            wanted = self._class(hints.task)
            known = task is None and wanted in topology.task_names
            if topology.tags.tasks and not (known and (name is None or name in topology.entries)):
                tags = (*tags, hints.task)
            elif known:
                task = wanted
        if hints.task_class is not None and name in topology.tagged:
            tags, task = (*tags, hints.task_class), None
        return tags, task

    def _class(self, word: str | None) -> str | None:
        """The class of task that a word means: their names are lower case. Any other word stays as it is."""
        lower = word.lower() if word is not None else None
        return lower if lower in self._topology.task_names else word

    def _met(self, request: Request, view: View) -> tuple[int, ...]:
        """The indexes of the rules whose conditions hold, in document order."""
        facts = Facts(request, self._topology, view)
        return tuple([index for index, holds in self._rules if holds(facts)])

    def _agent(self, request: Request) -> str:
        """The User-Agent, where it can make a difference."""
        topology = self._topology
        if request.model is not None and topology.aliased(request.model) not in topology.agents:
            return ""
        return request.headers.get(b"user-agent", b"").decode("latin-1")[:LONGEST_AGENT]
