"""What resolvers may know of a request: how its hints are read."""

from __future__ import annotations

import pytest

from pointsman.config.settings import Task, TaskSettings
from pointsman.fakes import deployment, settings
from pointsman.model.request import Hints, Request
from pointsman.routing.asking import Asking
from pointsman.routing.topology import compile_topology
from support.deciding import board

TASKS = TaskSettings((Task("tool_calling", "m"), Task("chat", "m")))


def task_of(**hints) -> str | None:
    topology = compile_topology(settings(deployment("d", "m"), tasks=TASKS))
    asked = Asking(topology).asked(Request("chat", None, {}, hints=Hints(**hints)), board())
    return asked.task


@pytest.mark.parametrize("hint", ["task", "task_class"])
@pytest.mark.parametrize("word", ["tool_calling", "TOOL_CALLING", "Tool_Calling"])
def test_a_task_is_the_same_in_upper_case(hint, word):
    """As in the configuration, where the documents write it so."""
    assert task_of(**{hint: word}) == "tool_calling"


def test_a_task_that_nobody_knows_stays_as_it_was_written():
    """So that the refusal repeats the caller's word; in a body it is no task."""
    assert (task_of(task_class="Poetry"), task_of(task="Poetry")) == ("Poetry", None)
