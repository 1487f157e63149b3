"""docs/task-router-guide.md: its snippets are a program that prints what it says, and it names what exists."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from inspect import signature
from typing import Any

from docs.pages import FENCE, code, page, section, table
from pointsman import ModelMetrics, Strategy, TaskRouter

PAGE = page("docs/task-router-guide.md")


def test_each_snippet_prints_what_stands_below_it():
    """In their order, in one program; one that prints nothing has nothing below it."""
    names: dict[str, Any] = {}
    printed, told = [], []
    for language, body in FENCE.findall(PAGE):
        if language == "python":
            out = io.StringIO()
            with redirect_stdout(out):
                exec(compile(body, "docs/task-router-guide.md", "exec"), names)
            printed += [out.getvalue()] if out.getvalue() else []
        else:
            told.append(body)
    assert printed == told
    assert len(told) > 10


def test_every_strategy_that_is_advised_exists():
    """In the table of the choice, and in the text."""
    advised = [word for row in table(section(PAGE, "## Choosing a strategy")) for word in code(row[1])]
    assert {"ROUND_ROBIN", "RANDOM", "LEAST_LOADED", "PERFORMANCE", "AFFINITY", "HYBRID"} <= set(advised)
    assert set(advised) | set(re.findall(r"Strategy\.([A-Z_]+)", PAGE)) <= set(Strategy.__members__)


def test_it_has_every_habit_and_every_trouble():
    """Eight of the one, four of the other."""
    habits, troubles = PAGE.partition("## Good habits")[2].split("## When something is odd")
    assert re.findall(r"^### (\d)\. ", habits, re.MULTILINE) == list("12345678")
    assert len(re.findall(r"^### ", troubles, re.MULTILINE)) == 4


def test_what_it_calls_exists():
    """Methods of the router, its options, fields of the metrics; and times are those that are kept."""
    text = FENCE.sub("", PAGE)
    called = set(re.findall(r"`(?:router\.)?([a-z]\w+)\(", text))
    assert {name for name in called if not hasattr(TaskRouter, name)} == set()
    options = set(re.findall(r"`TaskRouter\((\w+)=", text))
    assert options
    assert options <= set(signature(TaskRouter).parameters)
    for field in ("affinity", "failed_tasks", "success_rate", "total_requests", "median_latency"):
        assert (field in text, field in ModelMetrics.__struct_fields__) == (True, True)
    assert "`lease_timeout` (600 s)" in " ".join(text.split())
    assert signature(TaskRouter).parameters["lease_timeout"].default == 600.0
