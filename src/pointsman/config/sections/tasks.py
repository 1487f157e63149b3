"""``tasks``: kinds of work in their order of precedence, and the model for each.

What the well-known tasks mean without a word of their own is the classifier's to know; here is only what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pointsman.config.findings import Path
from pointsman.config.names import Ref
from pointsman.config.patterns import program
from pointsman.config.phrases import is_phrase, phrase
from pointsman.config.sections.content import TaskSection
from pointsman.config.sections.context import Context
from pointsman.config.settings import Task, TaskSettings
from pointsman.model.condition import ALWAYS

WELL_KNOWN = ("vision", "tool_calling", "memory", "reasoning", "chat")
"""Tasks that are known by their name alone."""

LONG = "long_context"
"""The key whose text names the task for requests beyond a task's bound; a mapping there is a task of that name."""

USUAL_LONG = "memory"


def read_tasks(sections: Mapping[str, TaskSection], context: Context) -> TaskSettings | None:
    """In document order. None if no task is configured."""
    said = sections.get(LONG)
    long = said if said is not None and said.place("model") == said.path else None
    named: dict[str, TaskSection] = {}
    for word, section in sections.items():
        name = canonical(word)
        if section is long:
            continue
        if name in named:
            context.report.error(section.path, "is the task {} once more", name)
        named.setdefault(name, section)
    usual = next((name for name in (LONG, USUAL_LONG) if name in named), None)
    longer = _named(Ref(long.model, long.path), named, context) if long is not None else usual
    tasks = tuple(_task(name, section, named, context) for name, section in named.items())
    _doubt(tasks, longer, named, context)
    return TaskSettings(tasks, longer) if tasks else None


def canonical(word: str) -> str:
    """Lower case; the well-known ones with any sign between their words."""
    lower = word.lower()
    joined = lower.replace("-", "_").replace(" ", "_")
    return joined if joined in WELL_KNOWN else lower


def _named(ref: Ref, named: Mapping[str, TaskSection], context: Context) -> str | None:
    """A task that another one names."""
    name = canonical(ref.name)
    if name in named:
        return name
    context.tasks.append(Ref(name, ref.path))
    return None


def _task(name: str, section: TaskSection, named: Mapping[str, TaskSection], context: Context) -> Task:
    context.called.append(Ref(section.model, section.place("model")))
    longer = Ref(section.long_context, section.place(LONG)) if section.long_context is not None else None
    return Task(
        name,
        section.model,
        tuple(dict.fromkeys(_patterns(section, context))),
        context.conditions.optional(section.when, section.place("when")),
        tuple(text for text in section.utterances or () if text.strip()),
        section.max_context_tokens,
        _named(longer, named, context) if longer is not None else None,
    )


def _patterns(section: TaskSection, context: Context) -> Iterator[str]:
    for index, text in enumerate(section.patterns or ()):
        path: Path = (*section.place("patterns"), index)
        if not text.strip():
            context.report.error(path, "must not be empty")
        elif program(text, path, context.report) is not None:
            yield phrase(text) if is_phrase(text) else text
    yield from (phrase(word) for word in section.keywords or () if word.strip())


def _doubt(tasks: Sequence[Task], longer: str | None, named: Mapping[str, TaskSection], context: Context) -> None:
    """Tasks that no request's content leads to, and bounds behind which nobody waits."""
    report, before, everything = context.report, set[str](), ""
    targets = {longer, *(task.long_context for task in tasks)}
    for task in tasks:
        path, cues = named[task.name].path, bool(task.when or task.utterances)
        if everything:
            report.warning(path, "can never be reached: {} takes every request before", everything)
        elif task.patterns and not cues and before.issuperset(task.patterns):
            report.warning(path, "can never be reached: tasks before it have all its patterns")
        elif not (task.patterns or cues or task.name in WELL_KNOWN or task.name in targets or task is tasks[-1]):
            hint = "give it `patterns`, `when` or `utterances`"
            report.warning(path, "nothing in a request leads to it, only the header X-Task", suggestion=hint)
        if task.most_tokens is not None and (task.long_context or longer) in (None, task.name):
            path = named[task.name].place("max_context_tokens")
            report.warning(path, "no other task takes what is larger", suggestion="name one in `long_context`")
        before.update(task.patterns)
        everything = everything or (task.name if task.when is not None and task.when.root == ALWAYS.root else "")
