"""Conditions as functions of a request and the present."""

from __future__ import annotations

import json

import msgspec
import pytest

from pointsman.config import facts as table
from pointsman.fakes import deployment, provider, settings
from pointsman.model.condition import ALWAYS, All, Compare, Condition, Fact, Not, Some
from pointsman.routing.conditions import PLAIN, Facts, compiled
from pointsman.routing.topology import compile_topology
from support.deciding import asking, board, down

OLLAMA = provider("ollama")
ONE, TWO = deployment("one", "llama-13b", OLLAMA), deployment("two", "m", OLLAMA)
MADE = compile_topology(settings(ONE, TWO, aliases={"nick": "llama-13b"}))


def body(**fields) -> dict[str, msgspec.Raw]:
    return {key: msgspec.Raw(json.dumps(value).encode()) for key, value in fields.items()}


def holds(node, name="m", *, view=None, chosen=None, failed=(), **more) -> bool:
    facts = Facts(asking(name, **more), MADE, view or board(), chosen, frozenset(failed))
    return compiled(Condition(repr(node), node))(facts)


def compare(fact, operator, value):
    return Compare(Fact(fact), operator, value)


def test_both_tables_of_facts_have_the_same_names():
    """What the configuration lets people ask is what can be answered."""
    assert set(PLAIN) == set(table.PLAIN)


@pytest.mark.parametrize(
    ("fact", "operator", "value", "more", "expected"),
    [
        ("model", "==", "m", {}, True),
        ("model", "!=", "m", {}, False),
        ("stream", "==", True, {"stream": True}, True),
        ("stream", "==", 1, {"stream": True}, False),
        ("tokens", ">", 10, {"tokens": 11}, True),
        ("context_size", "<=", 10.5, {"tokens": 11}, False),
        ("batch_size", ">", 1, {"body": body(input=["a", "b"])}, True),
        ("batch_size", ">", 1, {"body": body(input=[1, 2])}, False),
        ("batch_size", "==", 3, {"body": body(n=3)}, True),
        ("tools", "==", True, {"body": body(tools=[{"type": "function"}])}, True),
        ("images", "==", False, {}, True),
        ("reasoning_effort", "in", ("high", "medium"), {"body": body(reasoning_effort="high")}, True),
        ("task", "==", "code", {"task": "code"}, True),
        ("task", "==", "code", {"task_class": "code"}, True),
        ("capability", "==", "", {}, True),
        ("tags", "==", "b", {"tags": ("a", "b")}, True),
        ("tags", "in", ("x", "b"), {"tags": ("a", "b")}, True),
        ("tags", "matches", "^x", {"tags": ("a", "b")}, False),
        ("endpoint", "==", "chat", {}, True),
        ("timeout", ">", 5, {"timeout": 6.0}, True),
        ("timeout", "<", 5, {}, False),
        ("model", "matches", "^M$", {}, False),
        ("model", "in", "m", {}, True),
        ("batch_size", "in", (1, 2), {}, True),
    ],
)
def test_a_comparison(fact, operator, value, more, expected):
    """Of a fact beside a value of its kind."""
    assert holds(compare(fact, operator, value), **more) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("==", "HIGH", True),
        ("==", "low", False),
        ("!=", "high", False),
        ("in", ("Low", "hIgh"), True),
        ("matches", "^HIG", True),
        ("matches", r"^\S+$", True),
        ("matches", r"\d", False),
    ],
)
def test_header_values_are_compared_without_case(operator, value, expected):
    """Patterns too, whose classes stay what they are."""
    assert holds(compare("header.x-priority", operator, value), headers={b"x-priority": b"High"}) is expected


def test_a_header_that_is_missing_is_empty():
    """And so it equals nothing but the empty text."""
    assert holds(compare("header.x-priority", "==", ""))
    assert not holds(Fact("header.x-priority"))
    assert holds(compare("header.x-priority", "!=", "high"))


@pytest.mark.parametrize(
    ("name", "chosen", "expected"),
    [
        ("llama-13b", None, True),
        ("nick", None, True),
        ("a-7b", None, False),
        ("a-7b", "b-70b", False),
        (None, "b-70b", True),
        ("mystery", "b-70b", True),
        ("mystery", None, False),
        (None, None, False),
    ],
)
def test_the_model_s_size_is_that_of_the_one_asked_for(name, chosen, expected):
    """Else of the one that was chosen; a size that nobody knows makes every comparison false."""
    assert holds(compare("model_size", ">=", 13), name, chosen=chosen) is expected
    if not expected and name in ("mystery", None):
        assert not holds(compare("model_size", "<", 13), name, chosen=chosen)
        assert not holds(compare("model_size", "!=", 13), name, chosen=chosen)


@pytest.mark.parametrize("fact", ["ollama_unavailable", "ollama_available"])
def test_a_provider_is_unavailable_if_it_failed_this_request_or_nobody_there_may_be_asked(fact):
    """One of its deployments that rests is no reason."""
    expected = fact.endswith("_unavailable")
    assert holds(Fact(fact)) is not expected
    assert holds(Fact(fact), failed=("ollama",)) is expected
    assert holds(Fact(fact), view=down(board(), ONE)) is not expected
    assert holds(Fact(fact), view=down(board(), ONE, TWO)) is expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (All((Fact("always"), Fact("always"))), True),
        (All((Fact("always"), Fact("never"))), False),
        (Some((Fact("never"), Fact("always"))), True),
        (Some((Fact("never"), Fact("never"))), False),
        (Not(Fact("never")), True),
        (Not(Fact("always")), False),
        (ALWAYS.root, True),
        (Some(()), False),
    ],
)
def test_words_join_conditions(node, expected):
    """And, or, not; nothing at all is always true."""
    assert holds(node) is expected


def test_a_fact_that_nobody_knows_is_a_mistake_of_ours():
    """The configuration was checked."""
    with pytest.raises(KeyError):
        holds(Fact("moon_phase"))
