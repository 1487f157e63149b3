"""docs/concepts/task-router.md has the forms and the figures of the code."""

from __future__ import annotations

import inspect
import re

import pytest

from docs.pages import blocks, code, page, section, table
from pointsman.library.store import open_store
from pointsman.library.store.address import FORMS, KEY
from pointsman.library.store.keeper import INTERVAL
from pointsman.library.store.redis import MODEL, PATIENCE
from pointsman.library.store.snapshot import VERSION
from pointsman.library.store.sqlite import BUSY, SqliteStore
from pointsman.state.results import MOST
from support.snapshots import one

PAGE = page("docs/concepts/task-router.md")
KEPT = section(PAGE, "## Persistent metrics")
TOLD = " ".join(KEPT.split())
PLACES = [text.strip('"') for row in table(KEPT) for text in code(row[0]) if text.startswith('"')]


@pytest.mark.parametrize("where", PLACES)
def test_every_place_that_is_shown_can_be_opened(where):
    """Without asking or creating anything."""
    assert open_store(where).name


def test_the_forms_are_those_of_the_message():
    """Every scheme that the error lists has a row, and the other way round."""
    schemes = {where.partition("://")[0] for where in PLACES if "://" in where}
    assert schemes == set(re.findall(r"(\w+)://", FORMS))
    assert f"`{KEY}`" in KEPT


def test_the_figures_are_those_of_the_code():
    """How often, how long, how much, which version."""
    for told in (
        f"the last {MOST} results",
        f"saves every {INTERVAL:g} s",
        f"waited for for {BUSY:g} s, Redis for {PATIENCE:g} s to connect and {PATIENCE:g} s for each answer",
        f"version of its form ({VERSION};",
    ):
        assert told in TOLD


def test_rows_can_be_looked_at_as_shown(tmp_path):
    """The question to SQLite is one that it answers; the field in Redis is what one is called."""
    import sqlite3
    from contextlib import closing

    sqlite, redis = blocks(KEPT, "")[0].splitlines()
    path = tmp_path / "metrics.db"
    SqliteStore(path).save(one("a", routed=7))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(sqlite.split('"')[1]).fetchall() == [("a", 7)]
    assert redis.split()[2:] == [KEY, f"{MODEL}llama3"]
    assert inspect.signature(SqliteStore).parameters["busy"].default == BUSY
