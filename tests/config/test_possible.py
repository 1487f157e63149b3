"""Conditions that no request can meet, and conditions that follow from others: found without any request."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.config.conditions import Conditions
from pointsman.config.facts import PLAIN, RANGES, SAME
from pointsman.config.findings import Report
from pointsman.config.implied import implies, never
from pointsman.config.possible import odds
from pointsman.fakes import FakeView, request
from pointsman.fakes import settings as configuration
from pointsman.model.condition import All, Compare, Condition, Fact, Not, Some
from pointsman.model.request import Endpoint, Hints
from pointsman.routing.conditions import Facts, compiled
from pointsman.routing.topology import compile_topology

ENDPOINTS = get_args(Endpoint)


class Anywhere:
    """Providers of any name."""

    def name(self, word, _path):
        return word


def read(text: str) -> Condition:
    report = Report()
    made = Conditions(Anywhere(), report).read(text, ("x",))
    assert made is not None, report.findings()
    return made


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("stream == true and stream == false", {"stream"}),
        ("stream and not stream", {"stream"}),
        ('model_size > "70B" and model_size < "7B"', {"model_size"}),
        ('model_size >= "7B" and model_size <= "7B" and model_size != "7B"', {"model_size"}),
        ('model_size < "0B"', {"model_size"}),
        ('model_size in ["7B", "13B"] and model_size > "13B"', {"model_size"}),
        ("batch_size < 1", {"batch_size"}),
        ("batch_size == 1.5", {"batch_size"}),
        ("batch_size > 1 and batch_size < 2", {"batch_size"}),
        ("not batch_size >= 1", {"batch_size"}),
        ("tokens < 0", {"tokens"}),
        ("tokens > 9 and context_size < 5", {"tokens", "context_size"}),
        ("timeout <= 0", {"timeout"}),
        ('timeout < "5s" and not timeout < "6s"', {"timeout"}),
        ('model == "a" and model == "b"', {"model"}),
        ('model == "auto"', {"model"}),
        ('model in ["a", "b"] and not model in ["b", "a"]', {"model"}),
        ('model == "gpt-4" and model matches "^llama"', {"model"}),
        ('model matches "^a" and not model matches "^a"', {"model"}),
        ('header.x == "High" and header.X != "high"', {"header.x"}),
        ('header.x and header.x == ""', {"header.x"}),
        ('not header.x and header.x == "a"', {"header.x"}),
        ('header.x == "a" and header.x matches "B"', {"header.x"}),
        (" and ".join(f'endpoint != "{endpoint}"' for endpoint in ENDPOINTS), {"endpoint"}),
        (f'not (endpoint in {json.dumps(ENDPOINTS[1:])} or endpoint == "{ENDPOINTS[0]}")', {"endpoint"}),
        ('tags == "a" and not "a" in tags', {"tags"}),
        ('tags in ["a", "b"] and not (tags == "a" or tags == "b")', {"tags"}),
        ('tags == "a" and not tags', {"tags"}),
        ('tags == "a" and tags in ["b"] and not tags == "b"', {"tags"}),
        ("ollama_available and ollama_unavailable", {"ollama_available", "ollama_unavailable"}),
        ("(stream or tools) and not stream and not tools", {"stream", "tools"}),
        ("(stream and tokens < 0) or (tools and not tools)", {"tokens", "tools"}),
        ("never", set()),
        ("stream and never", set()),
    ],
)  # fmt: skip
def test_what_can_not_hold_is_told_by_its_facts(text, facts):
    """Contradictions, and values that a fact never has; one fact of each alternative, as it is written."""
    found = odds(read(text).root)
    assert found is not None
    assert found <= facts
    assert bool(found) == bool(facts)
    assert never(read(text))


@pytest.mark.parametrize(
    "text",
    [
        "always",
        "stream or never",
        "batch_size > 1 and batch_size < 3",
        "batch_size > 1 and batch_size <= 2",
        "tokens <= 0",
        'model_size > "7B" and model_size < "8B"',
        'timeout > 0 and timeout < "1ms"',
        'not timeout < "6s" and not timeout >= "6s"',  # nobody said one
        'not model_size < "7B" and not model_size > "6B"',
        'model != "a" and model != ""',
        'model == "" and not model',
        'model matches "^a" and not model matches "^b"',
        'tags == "a" and tags == "b"',
        'tags == "a" and tags in ["b"] and not tags == "c"',
        'tags matches "^a" and not tags == "a"',
        "tags",
        "not tags",
        'header.x == "HIGH" and header.x matches "^high$"',
        "ollama_available and vllm_unavailable",
        'endpoint in ["chat", "embeddings"] and endpoint != "embeddings"',
        "tokens > 1e300",
    ],
)
def test_what_may_hold_is_not_doubted(text):
    """Unknown figures meet no comparison and no opposite; a request has several tags."""
    assert odds(read(text).root) is None
    assert not never(read(text))


@pytest.mark.parametrize(
    ("one", "other", "follows"),
    [
        ("stream", "stream or tools", True),
        ("stream and tools", "stream", True),
        ("stream or tools", "stream", False),
        ('model == "b"', 'model != "a"', True),
        ("tokens > 5", "batch_size >= 1", True),
        ("always", "stream or not stream", True),
        ("always", 'model_size > "7B" or model_size <= "7B"', False),
        ("(stream or tools) and not tools", "stream", True),
        ('header.x == "A"', 'header.x == "a"', True),
        ("batch_size > 1", "batch_size >= 2", True),
        ("ollama_unavailable", "not ollama_available", True),
        ('tags == "a"', "tags", True),
        ('tags == "a"', 'not tags == "b"', False),
    ],
)
def test_what_follows_is_told(one, other, follows):
    """Also by what the facts can be."""
    assert implies(read(one).root, read(other).root) is follows


NUMBERS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])
FIGURES = st.sampled_from([Fact("tokens"), Fact("timeout")])
X, TAGS = st.just(Fact("header.x")), st.just(Fact("tags"))
COMPARED = st.one_of(
    st.builds(Compare, FIGURES, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS),
    st.builds(Compare, FIGURES, st.just("in"), st.tuples(NUMBERS, NUMBERS)),
    st.builds(Compare, X, st.sampled_from(["==", "!=", "matches"]), st.sampled_from(["", "A", "b"])),
    st.builds(Compare, TAGS, st.just("=="), st.sampled_from(["A", "b"])),
    st.builds(Compare, TAGS, st.just("in"), st.just(("A", "c"))),
)
NODES = st.recursive(
    st.one_of(COMPARED, st.sampled_from([Fact("stream"), Fact("header.x"), Fact("tags")])),
    lambda nodes: st.one_of(
        st.builds(Not, nodes),
        st.builds(All, st.lists(nodes, max_size=3).map(tuple)),
        st.builds(Some, st.lists(nodes, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

NOWHERE = compile_topology(configuration())
ASKED = ("stream", "tokens", "timeout", "headers", "hints")
GRID = [
    Facts(request("m", **dict(zip(ASKED, row, strict=True))), NOWHERE, FakeView())
    for row in product(
        (True, False),
        (0, 1, 2, 3),
        (None, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
        ({}, {b"x": b"a"}, {b"x": b"B"}, {b"x": b"other"}),
        [Hints(tags=tags) for tags in ((), ("A",), ("b",), ("c",), ("A", "b"), ("A", "c"), ("b", "c"), ("d",))],
    )
]
"""Requests of every kind that the conditions below can tell apart."""


def patterned(node) -> bool:
    if isinstance(node, Compare):
        return node.operator == "matches"
    return any(map(patterned, (node.part,) if isinstance(node, Not) else getattr(node, "parts", ())))


@given(NODES)
@settings(max_examples=200)
def test_it_is_as_the_requests_themselves_say(node):
    """What can't hold holds for no request; without patterns, what may hold does for some."""
    test = compiled(Condition("", node))
    met = any(map(test, GRID))
    if odds(node) is not None:
        assert not met
    elif not patterned(node):
        assert met


def test_every_ordered_fact_has_a_range():
    """So that nobody adds one without saying what it can be."""
    ordered = {name for name, kind in PLAIN.items() if kind in ("number", "size", "seconds")}
    assert ordered == RANGES.keys() | SAME.keys()


def pigeons(number):
    """So many in one hole fewer, each in a hole of its own: impossible, and hard to find out."""
    holes = range(number - 1)
    somewhere = [Some(tuple(Fact(f"header.p{bird}-{hole}") for hole in holes)) for bird in range(number)]
    alone = [
        Not(All((Fact(f"header.p{one}-{hole}"), Fact(f"header.p{other}-{hole}"))))
        for hole in holes
        for one, other in combinations(range(number), 2)
    ]
    return All((*somewhere, *alone))


def test_what_has_too_many_alternatives_is_not_doubted():
    """A contradiction is found within the steps or not at all; a doubt is no finding."""
    assert odds(pigeons(3)) is not None
    assert odds(pigeons(9)) is None
