"""What is remembered of sessions: the last word, for a time, of so many, and none of their names."""

from __future__ import annotations

import gc
import sys

from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import SemanticSettings
from pointsman.fakes import FakeClock, LoadedDice, deployment, settings
from pointsman.runtime import Runtime
from pointsman.state.scoreboard import Scoreboard
from pointsman.state.sessions import MOST, Sessions

NOW = 1000.0


def test_the_last_word_counts():
    """Each telling takes the place of the one before."""
    sessions = Sessions(60.0)
    sessions.tell("s", "a", NOW)
    sessions.tell("s", "b", NOW)
    assert (sessions.get("s", NOW), sessions.get("t", NOW), len(sessions)) == ("b", None, 1)


def test_it_is_forgotten_when_it_was_not_told_for_so_long():
    """Each telling counts anew; a look does not."""
    sessions = Sessions(60.0)
    sessions.tell("s", "a", NOW)
    sessions.tell("s", "a", NOW + 50)
    assert sessions.get("s", NOW + 109) == "a"
    assert sessions.get("s", NOW + 110) is None


def test_a_time_of_nothing_remembers_nothing():
    """As where stickiness is not configured."""
    sessions = Sessions(0.0)
    sessions.tell("s", "a", NOW)
    assert (sessions.get("s", NOW), len(sessions)) == (None, 0)


def test_only_what_is_still_known_is_dropped():
    """A late failure of a former home does not take the present one away."""
    sessions = Sessions(60.0)
    sessions.tell("s", "b", NOW)
    sessions.drop("s", "a")
    assert sessions.get("s", NOW) == "b"
    sessions.drop("s", "b")
    sessions.drop("s", "b")
    assert sessions.get("s", NOW) is None


names = st.sampled_from(["", "a", "b", "ü", "\ud800", "c" * 1000, "d"])
tellings = st.lists(st.tuples(names, st.sampled_from("xyz"), st.floats(0, 50)), max_size=40)


@given(tellings, st.integers(1, 5))
def test_the_latest_ones_are_known_and_no_more(plan, most):
    """As many as there is room for, by when they were told last, if that is not too long ago."""
    sessions, told, now = Sessions(60.0, most), {}, NOW
    for name, fact, step in plan:
        now += step
        sessions.tell(name, fact, now)
        told.pop(name, None)
        told[name] = fact, now
        assert len(sessions) <= most
    latest = list(told)[-most:]
    known = {name: fact for name, (fact, at) in told.items() if name in latest and now - at < 60.0}
    assert {name: found for name in told if (found := sessions.get(name, now)) is not None} == known


@given(tellings)
def test_a_clock_that_steps_back_forgets_nothing(plan):
    """What was told is known, though it seems to have been told in the future."""
    sessions, now = Sessions(60.0), NOW
    for name, fact, step in plan:
        now -= step
        sessions.tell(name, fact, now)
        assert sessions.get(name, now) == fact


def test_endless_sessions_with_endless_names_cost_a_bounded_memory():
    """However many there are, and however long their names: the bound is that of the file's own words."""
    sessions = Sessions(3600.0, most=1000)
    for n in range(5000):
        sessions.tell(f"{n}-{'x' * 500}", "deployment", NOW + n / 1000)
    gc.collect()
    size = sys.getsizeof(sessions._facts)
    size += sum(sys.getsizeof(part) for key, fact in sessions._facts.items() for part in (key, fact, fact[1]))
    assert len(sessions) == 1000
    assert size * MOST / 1000 <= 25 * 2**20
    assert all(len(key) == 16 for key in sessions._facts)


def test_the_board_remembers_homes_for_an_hour_and_labels_if_told_to():
    """What a session is about is remembered only where the semantic router is sticky, and only for so long."""
    clock = FakeClock()
    runtime = Runtime(settings(deployment("a")), clock=clock, dice=LoadedDice())
    board: Scoreboard = runtime.board
    board.remember("s", home="a", label="math")
    assert (board.home("s"), board.label("s")) == ("a", None)
    runtime.swap(settings(deployment("a"), semantic=SemanticSettings(sticky=100.0)))
    board.remember("s", label="math")
    assert (board.home("s"), board.label("s")) == ("a", "math")
    clock.advance(100.0)
    assert (board.home("s"), board.label("s")) == ("a", None)
    clock.advance(3500.0)
    assert board.home("s") is None
