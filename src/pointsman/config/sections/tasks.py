"""``tasks``: kinds of work in their order of precedence, and the model for each.

What the well-known tasks mean without a word of their own is the classifier's to know; here is only what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pointsman.config.classes import CLASSES, class_of
from pointsman.config.findings import Path, Report
from pointsman.config.implied import implies, never
from pointsman.config.names import Ref
from pointsman.config.patterns import program
from pointsman.config.phrases import is_phrase, phrase
from pointsman.config.sections.content import TaskSection
from pointsman.config.sections.context import Context
from pointsman.config.settings import Task, TaskSettings
from pointsman.model.condition import ALWAYS, Condition

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
    return joined if joined in CLASSES else lower


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
    targets = {longer, *(task.long_context for task in tasks)}
    for index, task in enumerate(tasks):
        section = named[task.name]
        _reached(task, tasks[:index], section, context.report, alone=task.name in targets)
        if task.most_tokens is not None and (task.long_context or longer) in (None, task.name):
            hint = "name one in `long_context`"
            path = section.place("max_context_tokens")
            context.report.warning(path, "no other task takes what is larger", suggestion=hint)


def _reached(task: Task, before: Sequence[Task], section: TaskSection, report: Report, *, alone: bool) -> None:
    """``alone``: requests come to it without a word of its own."""
    taken = next((other for other in before if other.when is not None and _is_taken(task, other.when)), None)
    words = {pattern for other in before for pattern in other.patterns}
    known = alone or class_of(task.name) is not None or bool(task.utterances)
    if taken is not None:
        report.warning(section.path, "can never be reached: {} takes its requests before", taken.name)
    elif never(task.when) and not (task.patterns or known):
        report.warning(section.place("when"), "can't hold for any request")
    elif task.patterns and words.issuperset(task.patterns) and not (task.when or known):
        report.warning(section.path, "can never be reached: tasks before it have all its patterns")
    elif not (task.patterns or task.when or known):
        hint = "give it `patterns`, `when` or `utterances`"
        report.warning(section.path, "nothing in a request leads to it, only the header X-Task", suggestion=hint)


def _is_taken(task: Task, condition: Condition) -> bool:
    """True if the condition of a task before holds for every request that this one could have."""
    only = task.when is not None and not (task.patterns or task.utterances or class_of(task.name) is not None)
    return implies(task.when.root if task.when is not None and only else ALWAYS.root, condition.root)
