"""Which task a request is: the caller's hint; then the configured tasks in their order, each by its own condition and
patterns, or by what its well-known name stands for; then the task it is most like; then conversation.

Where a semantic router is configured too and the request asks for neither by name, the last two are left to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import re2

from pointsman.config.classes import class_of
from pointsman.config.settings import Task, TaskSettings
from pointsman.model.request import Request
from pointsman.model.view import View
from pointsman.routing import features
from pointsman.routing.classify.kinds import THRESHOLDS, Kind, nearest
from pointsman.routing.classify.lexical import Lexical
from pointsman.routing.classify.shipped import OVERLAPPING, shipped
from pointsman.routing.classify.text import folded
from pointsman.routing.classify.words import words_of
from pointsman.routing.conditions import Facts, Test, compiled
from pointsman.routing.shapes import Asked, Heard, Verdict
from pointsman.routing.topology import TASKS, Topology

CHAT = "chat"

EFFORTS = ("high", "xhigh", "max")
"""Values of ``reasoning_effort`` that ask for heavy thinking."""

MARKS: dict[str, tuple[Callable[[Request], bool], str]] = {
    "vision": (features.has_images, "it has images"),
    "tool_calling": (features.has_tools, "it offers tools"),
    "reasoning": (lambda request: features.reasoning_effort(request) in EFFORTS, "its reasoning_effort asks for it"),
}
"""What marks a request as one of the well-known tasks, whatever it says."""

OTHERWISE = 0.7
"""Words count unless the text reads like some other class as much as this: "create" in "Create a Python class"."""


class Rule(NamedTuple):
    """``mark``: of a well-known task without a condition of its own. ``known``: the class that the task is, where
    nothing is said of it but its name.
    """

    task: Task
    when: Test | None
    programs: tuple[Any, ...]
    mark: tuple[Callable[[Request], bool], str] | None
    known: str | None


class TaskReader:
    """Implements ``Reader`` for the stage ``task``."""

    def __init__(self, topology: Topology, settings: TaskSettings) -> None:
        self._topology = topology
        self._settings = settings
        self._rules = tuple(map(_rule, settings.tasks))
        alike = [rule for rule in self._rules if rule.known is not None or rule.task.utterances]
        self._kinds = tuple(Kind(rule.task.name, rule.task.utterances) for rule in alike)
        self._lexical = Lexical(self._kinds, features.MOST)
        self._classes = shipped().knowing(frozenset(shipped().head.labels))
        self._chat = next((task.name for task in settings.tasks if class_of(task.name) == CHAT), None)

    def __call__(self, request: Request, asked: Asked, _heard: Heard | None, view: View, /) -> Verdict:
        if asked.task is not None:
            return self._bounded(asked.task, f"the caller says {asked.task!r}", request)
        text = features.last_words(request)
        facts, plain = Facts(request, self._topology, view), folded(text)
        for rule in self._rules:
            reason = self._fits(rule, request, text, plain, facts)
            if reason is not None:
                return self._bounded(rule.task.name, f"{rule.task.name}: {reason}", request)
        if self._topology.semantic is not None and asked.name != TASKS:
            return Verdict(None, "no task's words; likeness is the semantic router's")
        return self._alike(request, text)

    def _fits(self, rule: Rule, request: Request, text: str, plain: str, facts: Facts) -> str | None:
        """Why the request is one of these; None if nothing but likeness could say so."""
        task = rule.task
        if rule.when is not None and task.when is not None and rule.when(facts):
            return f"{task.when.text} holds"
        if rule.mark is not None and rule.mark[0](request):
            return rule.mark[1]
        for program in rule.programs:
            found = program.search(text)
            if found is not None:
                return f"its words {found.group().strip()[:40]!r}"
        words = words_of(rule.known, plain) if rule.known is not None else None
        if words is not None and not self._reads_otherwise(rule.known or "", text):
            return f"its words {words[:40]!r}"
        return None

    def _reads_otherwise(self, known: str, text: str) -> bool:
        """The text reads like another class, whatever its words. A class that was never learnt, or is others as well,
        gives way to code alone.
        """
        likely = self._classes.likely(*shipped().views(text, features.MOST))
        others = likely if known in likely and known not in OVERLAPPING else ("code",)
        return any(likely[label] >= OTHERWISE for label in others if label != known)

    def _alike(self, request: Request, text: str) -> Verdict:
        """The task that the request is most like, else conversation."""
        found = nearest(self._lexical.similarities(text), self._kinds, THRESHOLDS["lexical"])
        if found.label is not None:
            verdict = self._bounded(found.label, f"most like {found.told}, lexical", request)
            return Verdict(verdict.label, verdict.reason, dict(found.scores))
        if self._chat is None:
            return Verdict(None, "none of the tasks fits", dict(found.scores))
        return self._bounded(self._chat, f"none of the tasks fits: {self._chat!r}, for everything else", request)

    def _bounded(self, label: str, reason: str, request: Request) -> Verdict:
        """What is longer than a task's bound goes to the task for long contexts."""
        task = next(task for task in self._settings.tasks if task.name == label)
        longer = task.long_context or self._settings.long_context
        if task.most_tokens is not None and request.tokens > task.most_tokens and longer is not None:
            return Verdict(longer, f"{reason}, but about {request.tokens} tokens are more than {task.most_tokens}")
        return Verdict(label, reason)


def _rule(task: Task) -> Rule:
    told = bool(task.patterns or task.when or task.utterances)
    known = class_of(task.name)
    return Rule(
        task,
        compiled(task.when) if task.when is not None else None,
        tuple(re2.compile(pattern) for pattern in task.patterns),
        MARKS.get(known) if known is not None and task.when is None else None,
        None if told else known,
    )
