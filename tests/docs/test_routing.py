"""docs/concepts/routing.md: every request in its tables goes where the table says, by the page's own configuration."""

from __future__ import annotations

import json
import re

import pytest

from docs.pages import blocks, code, page, table
from pointsman.config.load import load_or_raise
from pointsman.config.settings import RouterSettings
from pointsman.errors import NoTag
from pointsman.fakes import FakeClock, LoadedDice
from pointsman.gateway.body import read_body
from pointsman.model.request import Request
from pointsman.routing import patterns
from pointsman.routing.fallback import legs
from pointsman.runtime import Runtime

PAGE = page("docs/concepts/routing.md")
TABLES = [table(part) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:] if "\n|" in part]
ROUTED = [row for rows in TABLES for row in rows if len(row) == 4]
PLANNED = [row for rows in TABLES for row in rows if len(row) == 2]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "pointsman.yaml"
    file.write_text(blocks(PAGE, "yaml")[0])
    return Runtime(load_or_raise([file], environ={}), clock=FakeClock(), dice=LoadedDice())


def asked(cell: str) -> Request:
    """A body and headers, each in its own backticks."""
    body, *lines = code(cell)
    headers = dict(line.split(": ", 1) for line in lines)
    fields = json.dumps({"messages": [], **json.loads(body)}).encode()
    return read_body("chat", fields, {name.lower().encode(): value.encode() for name, value in headers.items()}, "x")


@pytest.mark.parametrize(("request_", "route", "candidates", "_because"), ROUTED, ids=[row[0] for row in ROUTED])
def test_a_request_goes_where_the_table_says(runtime, request_, route, candidates, _because):
    """By the stage and to the candidates in its row, or is refused."""
    if route == "400":
        with pytest.raises(NoTag):
            runtime.decide(asked(request_))
        return
    decision = runtime.decide(asked(request_))
    assert (decision.route, [d.id for d in decision.pool]) == (code(route)[0], code(candidates))


@pytest.mark.parametrize(("request_", "plan"), PLANNED, ids=[row[0] for row in PLANNED])
def test_those_who_follow_are_those_of_the_table(runtime, request_, plan):
    """In this order."""
    assert [leg.deployment.id for leg in legs(runtime.decide(asked(request_)))] == code(plan)


def test_every_table_is_asked():
    """A table of another shape would not be."""
    assert (len(ROUTED), len(PLANNED)) == (sum(len(rows) for rows in TABLES) - 4, 4)


def test_the_bounds_are_those_of_the_code():
    """How long a name may be, and how many groups follow."""
    assert f"names of up to {patterns.LONGEST:,} characters" in PAGE
    assert RouterSettings().max_fallbacks == 5
    assert "five is the most" in PAGE
