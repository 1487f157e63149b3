"""When it is saved: in rounds if something has changed, at the end, and again after a failure."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from pointsman.errors import StoreFailed
from pointsman.fakes import FakeClock
from pointsman.library.store.keeper import Keeper, Status
from pointsman.library.store.sqlite import SqliteStore
from support.snapshots import choices, one

LONGEST = 60.0
"""Seconds that a thread may take to begin on a busy machine."""


class Shelf:
    """A store in memory. ``broken`` is raised at each save."""

    name = "shelf"

    def __init__(self):
        self.kept = []
        self.broken = None
        self.unfit = None
        self.closed = 0
        self.saved = Event()

    def load(self):
        return self.kept[-1] if self.kept else None

    def save(self, snapshot):
        if self.broken is not None:
            raise self.broken
        self.kept.append(snapshot)
        self.saved.set()
        return self.unfit

    def close(self):
        self.closed += 1


class Counter:
    """What is kept: a number that only grows."""

    def __init__(self):
        self.number = 0

    def __call__(self):
        self.number += 1
        return one(routed=self.number)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def wall():
    return FakeClock(1e9)


@pytest.fixture
def keeper(shelf, wall):
    return Keeper(shelf, Counter(), wall=wall)


@pytest.fixture
def lines(caplog):
    """What was logged: level and text."""
    caplog.set_level(logging.INFO, "pointsman")
    return lambda: [(line.levelname, line.getMessage()) for line in caplog.records]


def test_it_saves_when_something_has_changed(keeper, shelf, wall):
    """And not a second time for the same change."""
    keeper.tick()
    assert (shelf.kept, keeper.status) == ([], Status("shelf"))
    keeper.changed = True
    keeper.tick()
    keeper.tick()
    assert shelf.kept == [one(routed=1)]
    assert keeper.status == Status("shelf", saved=wall.now)


@pytest.mark.parametrize("moment", ["taking", "saving"])
def test_what_changes_during_a_round_is_for_the_next_one(shelf, moment):
    """It may or may not be in the snapshot, so it is saved once more."""

    class Busy(Shelf):
        def save(self, snapshot):
            super().save(snapshot)
            keeper.changed |= moment == "saving" and len(self.kept) == 1

    def take():
        keeper.changed |= moment == "taking" and not shelf.kept
        return one()

    shelf = Busy()
    keeper = Keeper(shelf, take)
    keeper.changed = True
    keeper.tick()
    keeper.tick()
    keeper.tick()
    assert len(shelf.kept) == 2


def test_an_outage_is_logged_once_and_told_as_long_as_it_lasts(keeper, shelf, wall, lines):
    """Its beginning and its end are a line each, however many saves fail between."""
    keeper.changed = True
    keeper.tick()
    begun, shelf.broken = wall.now, StoreFailed("shelf: is full. Nothing was changed.")
    for failed in (1, 2, 3):
        keeper.changed = failed == 1 or keeper.changed
        keeper.tick()
        told = Status("shelf", begun, "shelf: is full. Nothing was changed.", since=begun, failed=failed)
        assert keeper.status == told
        wall.advance(10.0)
    assert repr(keeper) == "Keeper(shelf: shelf: is full. Nothing was changed.)"
    shelf.broken = None
    keeper.tick()
    assert lines() == [
        ("WARNING", "metrics are not saved in shelf: shelf: is full. Nothing was changed."),
        ("INFO", "metrics are saved in shelf again, after 3 failures"),
    ]
    assert (keeper.status, repr(keeper)) == (Status("shelf", saved=wall.now), "Keeper(shelf: ok)")
    assert shelf.kept == [one(routed=1), one(routed=5)]


def test_a_second_outage_is_logged_again(keeper, shelf, lines):
    """It is another one."""
    for shelf.broken in (StoreFailed("one"), None, StoreFailed("two"), None):
        keeper.changed = True
        keeper.tick()
    assert [text.rpartition(" ")[2] for _, text in lines()] == ["one", "failures", "two", "failures"]


def test_models_that_can_not_be_kept_are_told_and_logged_once(keeper, shelf, wall, lines):
    """The save is one all the same: the others are kept."""
    for shelf.unfit in (("b",), ("b",), ()):
        keeper.changed = True
        keeper.tick()
        assert keeper.status == Status("shelf", wall.now, unfit=shelf.unfit)
    assert lines() == [("WARNING", "some models' metrics can't be saved in shelf: ('b',)")]


def test_nothing_is_printed(keeper, shelf, capsys):
    """Standard output is the program's own."""
    for shelf.broken in (StoreFailed("one"), None):
        keeper.changed = True
        keeper.tick()
    assert capsys.readouterr().out == ""


def test_a_bug_is_told_by_its_place_and_ends_nothing(keeper, shelf, lines):
    """Not by its words, which might hold a password."""
    shelf.broken = KeyError("redis://:hunter22@h")
    keeper.changed = True
    keeper.tick()
    assert keeper.status.failure.startswith("KeyError in save (")
    assert "test_keeper.py:" in keeper.status.failure
    assert "hunter22" not in f"{keeper.status} {keeper!r} {lines()}"
    shelf.broken = None
    keeper.tick()
    assert len(shelf.kept) == 1


def test_a_thread_makes_the_rounds(shelf):
    """Until it is closed; then it has ended."""
    keeper = Keeper(shelf, Counter(), interval=0.001)
    keeper.start()
    keeper.start()
    for _ in range(2):
        shelf.saved.clear()
        keeper.changed = True
        assert shelf.saved.wait(LONGEST)
    thread = keeper._thread
    keeper.close()
    assert not thread.is_alive()
    assert thread.daemon


def test_closing_saves_what_is_left_and_closes_the_store(shelf):
    """Without waiting for the round; once, however often it is said."""
    keeper = Keeper(shelf, Counter(), interval=3600.0)
    keeper.start()
    keeper.changed = True
    keeper.close()
    keeper.close()
    assert (len(shelf.kept), shelf.closed) == (1, 1)
    keeper.start()
    assert not keeper._thread.is_alive()


def test_closing_with_nothing_new_saves_nothing(keeper, shelf):
    """A router that was only looked at leaves no trace."""
    keeper.close()
    assert (shelf.kept, shelf.closed) == ([], 1)


def test_closing_a_store_that_fails_raises_nothing(keeper, shelf):
    """What could not be kept is told."""
    shelf.broken = StoreFailed("shelf: is full")
    keeper.changed = True
    keeper.close()
    assert (keeper.status.failure, shelf.closed) == ("shelf: is full", 1)


BEGIN = """
import os, sys
from pathlib import Path
from pointsman.library.store.keeper import Keeper
from pointsman.library.store.sqlite import SqliteStore
from support.snapshots import one

keeper = Keeper(SqliteStore(Path(sys.argv[1])), lambda: one(routed=7), interval=3600.0)
keeper.start()
"""
EXIT = "keeper.changed = True"
FORK = """
child = os.fork()
if not child:
    keeper.changed = True
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize(("script", "expected"), [(EXIT, {"a": 7}), (FORK, {})])
def test_the_end_of_the_interpreter_saves_what_is_left(tmp_path, script, expected):
    """Though nobody said close; but not that of a forked child, which has a copy of what its parent saves."""
    path = tmp_path / "metrics.db"
    here = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *sys.path])}
    subprocess.run([sys.executable, "-c", BEGIN + script, str(path)], env=environment, check=True)
    assert choices(SqliteStore(path).load()) == expected
