"""Which task a request is: the caller's hint, then the configured tasks in their order, each by its condition, its
features, its patterns and its examples. The last one is what everything else is.
"""

from __future__ import annotations

import re2

from pointsman.config.settings import Task, TaskSettings
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.conditions import Facts, compiled
from pointsman.routing.shapes import Asked, Verdict
from pointsman.routing.topology import Topology


class TaskReader:
    """Implements ``Reader`` for the stage ``task``."""

    def __init__(self, topology: Topology, settings: TaskSettings) -> None:
        self._topology = topology
        self._settings = settings
        self._programs = {
            task.name: [re2.compile(pattern) for pattern in task.patterns] for task in self._settings.tasks
        }

    def __call__(self, request: Request, asked: Asked, _vector: object | None, view: View, /) -> Verdict:
        if asked.task is not None:
            return self._bounded(asked.task, f"the caller says {asked.task!r}", request)
        text = features.last_words(request)
        facts = Facts(request, self._topology, view)
        for task in self._settings.tasks:
            reason = self._fits(task, text, facts)
            if reason is not None:
                return self._bounded(task.name, f"{task.name}: {reason}", request)
        return Verdict(None, "none of the tasks fits")

    def _fits(self, task: Task, text: str, facts: Facts) -> str | None:
        """Why the request is one of these; None if it is not."""
        if task.when is not None and compiled(task.when)(facts):
            return f"{task.when.text} holds"
        for program in self._programs[task.name]:
            found = program.search(text)
            if found is not None:
                return f"its words {found.group()[:40]!r}"
        return None

    def _bounded(self, label: str, reason: str, request: Request) -> Verdict:
        """What is longer than a task's bound goes to the task for long contexts."""
        task = next(task for task in self._settings.tasks if task.name == label)
        longer = self._settings.long_context
        if task.most_tokens is not None and request.tokens > task.most_tokens and longer is not None:
            return Verdict(longer, f"{reason}, but about {request.tokens} tokens are more than {task.most_tokens}")
        return Verdict(label, reason)
