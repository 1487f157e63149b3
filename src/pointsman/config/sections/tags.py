"""Routing by tags: what ``router_settings`` says of it, and the hook that makes a tag of a request's ``task``."""

from __future__ import annotations

from pointsman.config.findings import Report
from pointsman.config.litellm import TAGS, TASK_HOOK
from pointsman.config.schema import Document
from pointsman.config.section import LATER_WORDS
from pointsman.config.settings import TagSettings

CALLBACKS = ("litellm_settings", "callbacks")
FILTERING = ("router_settings", "enable_tag_filtering")


def read_tags(document: Document, report: Report) -> TagSettings:
    """The settings; callbacks that are not this hook are told, and a hook that has nothing to work on."""
    said = {ours: getattr(document.router_settings, key) for ours, key in TAGS.items()}
    callbacks = document.litellm_settings.callbacks or []
    for index, name in enumerate(callbacks):
        if name != TASK_HOOK:
            report.warning((*CALLBACKS, index), f"callback {{}}: {LATER_WORDS}", name)
    if TASK_HOOK in callbacks and said["tasks"] is None:
        said["tasks"] = True
    settings = TagSettings(**{field: value for field, value in said.items() if value is not None})
    _doubt(document, settings, said_tasks=said["tasks"] is not None, report=report)
    return settings


def _doubt(document: Document, settings: TagSettings, *, said_tasks: bool, report: Report) -> None:
    groups = {entry.model_info.enable_tag_filtering for entry in document.model_list if entry.model_info}
    filtering = settings.enabled or True in groups
    if filtering and not said_tasks:
        text = "a request's `task` is no tag, only a hint at a task"
        hint = f"add {TASK_HOOK} to litellm_settings.callbacks, or say task_tags: true or false"
        report.warning(FILTERING, text, suggestion=hint)
    if settings.tasks and not filtering:
        path = CALLBACKS if document.router_settings.task_tags is None else ("router_settings", "task_tags")
        hint = "set router_settings.enable_tag_filtering: true"
        report.warning(path, "makes tags of tasks, and tags route nothing yet", suggestion=hint)
