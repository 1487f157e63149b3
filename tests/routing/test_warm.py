"""The warm filter: who may take a first request, and what a first request is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import WarmSettings
from pointsman.fakes import FakeView, deployment, request, settings
from pointsman.model.members import Members
from pointsman.routing.stages import warm
from pointsman.routing.topology import compile_topology

A, B, C = (deployment(name) for name in "abc")
POOL = (A, B, C)


def kept(loaded: dict[str, bool], lately: tuple[str, ...] = (), pool=POOL) -> warm.Kept:
    return warm.keep(Members(pool), request(), FakeView(loaded=loaded, lately=set(lately)))


def test_a_first_request_goes_to_those_that_are_known_to_be_warm():
    """The others are left out, and each is told why."""
    found = kept({"a": True, "b": False})
    assert found.pool == (A,)
    assert found.excluded == {"b": "cold", "c": "not known to be warm"}
    assert found.reason == "first request, warm: a"


@pytest.mark.parametrize("loaded", [{}, {"a": False}, dict.fromkeys("abc", False)])
def test_nobody_is_left_out_if_nobody_is_known_to_be_warm(loaded):
    """A guess must not end a service."""
    found = kept(loaded)
    assert (found.pool, found.excluded, found.reason) == (POOL, {}, "first request: nobody is known to be warm")


def test_nobody_is_left_out_if_all_are_warm():
    """Then there is nothing to prefer."""
    assert kept(dict.fromkeys("abc", True)).reason == "first request: all are warm"


@pytest.mark.parametrize("loaded", [{}, {"a": True, "b": False}])
def test_after_the_first_request_routing_is_as_usual(loaded):
    """Once one of them has delivered the cold ones get their share too, or they would never be warm."""
    found = kept(loaded, lately=("b",))
    assert (found.pool, found.excluded, found.reason) == (POOL, {}, "no first request: b has delivered of late")


@given(st.dictionaries(st.sampled_from("abc"), st.booleans()), st.sets(st.sampled_from("abc")))
def test_it_leaves_somebody_and_nobody_new(loaded, lately):
    """Whatever is known, the pool shrinks at most to the warm ones."""
    found = kept(loaded, tuple(lately))
    assert found.pool
    assert set(found.pool) <= set(POOL)
    assert {d.id for d in POOL} - {d.id for d in found.pool} == set(found.excluded)


def test_it_has_a_say_only_where_it_is_configured_and_there_is_a_choice():
    """Without the section, or with one candidate, nothing is looked at."""
    with_it = compile_topology(settings(*POOL, warm=WarmSettings()))
    assert warm.concerned(POOL, with_it)
    assert not warm.concerned((A,), with_it)
    assert not warm.concerned(POOL, compile_topology(settings(*POOL)))
