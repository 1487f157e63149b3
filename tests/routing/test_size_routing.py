"""Sizes: which provider a model's size leads to, and where the size is taken from."""

from __future__ import annotations

import pytest

from pointsman.config.settings import ExactMatch, SizeRule
from pointsman.fakes import deployment, provider, settings
from pointsman.routing.takers import holds
from pointsman.routing.topology import compile_topology
from support.deciding import decide, open_at, plan, said

OLLAMA, VLLM, CPP = provider("ollama"), provider("vllm"), provider("cpp")
SMALL = SizeRule("< 8B", "ollama", most=8, below=True)
MEDIUM = SizeRule("8B - 13B", "ollama", 8, 13, fallback="cpp")
LARGE = SizeRule("> 13B", "vllm", 13, above=True, reason="batching")
MADE = settings(open_at(OLLAMA), open_at(VLLM), open_at(CPP), sizes=(SMALL, MEDIUM, LARGE))


@pytest.mark.parametrize(
    ("name", "billions", "chosen"),
    [
        ("llama-7b", "7", "ollama"),
        ("tiny:1.5B", "1.5", "ollama"),
        ("llama3:8b", "8", "ollama"),
        ("qwen:13b", "13", "ollama"),
        ("mixtral-8x7b", "56", "vllm"),
        ("meta-llama/Llama-2-70b-chat-hf", "70", "vllm"),
    ],
)
def test_the_first_range_that_holds_the_size_decides(name, billions, chosen):
    """Its provider serves the name as asked."""
    decision = decide(MADE, name)
    assert (decision.route, plan(decision)[0]) == ("size", (chosen, name, 0))
    assert said(decision, "size").startswith(f"size {billions}B is ")


def test_a_range_s_fallback_follows_and_its_reason_is_told():
    """In document order, with what the configuration says of it."""
    assert plan(decide(MADE, "a:10b")) == [("ollama", "a:10b", 0), ("cpp", "a:10b", 1)]
    assert said(decide(MADE, "a:14b"), "size") == "size 14B is > 13B -> provider vllm (batching)"


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        (SMALL, (0.1, 7.99), (8, 9)),
        (MEDIUM, (8, 10, 13), (7.99, 13.01)),
        (LARGE, (13.01, 400), (13, 1)),
        (SizeRule(">= 13B", "p", 13), (13, 14), (12.9,)),
        (SizeRule("<= 8B", "p", most=8), (8, 1), (8.1,)),
    ],
)
def test_ranges_include_their_ends_unless_they_say_otherwise(rule, inside, outside):
    """Two numbers are both in."""
    assert all(holds(rule, size) for size in inside)
    assert not any(holds(rule, size) for size in outside)


@pytest.mark.parametrize("name", ["mystery", "gpt-4o", "version-2b3"])
def test_a_name_without_a_size_is_left_to_the_next_stage(name):
    """And the sentence says so."""
    decision = decide(settings(open_at(OLLAMA), sizes=(SMALL,), default_provider="ollama"), name)
    assert (decision.route, said(decision, "size")) == ("default", f"the size of '{name}' is not known")


def test_a_size_in_no_range_is_told():
    """The next stage goes on."""
    decision = decide(settings(open_at(OLLAMA), sizes=(SMALL,), default_provider="ollama"), "a-70b")
    assert said(decision, "size") == "70B is in no range"


def test_a_content_router_has_no_size():
    """Its name is no model's."""
    assert compile_topology(MADE).size_of("auto/tasks") is None


@pytest.mark.parametrize(
    ("made", "name", "size"),
    [
        (settings(deployment("d", "big", size=47.0)), "big", 47.0),
        (settings(deployment("d", "a-7b", size=9.0)), "a-7b", 9.0),
        (settings(deployment("d", "a", size=9.0), deployment("e", "a", size=70.0)), "a", 70.0),
        (settings(deployment("d", "fast", model="org/llama-13b-chat")), "fast", 13.0),
        (settings(deployment("d", "a-7b", model="org/llama-13b")), "a-7b", 7.0),
        (settings(deployment("d", "m-13b"), aliases={"nick": "m-13b"}), "nick", 13.0),
        (settings(open_at(OLLAMA), exact={"e": ExactMatch("e", "ollama", model="x-70b")}), "e", 70.0),
        (settings(open_at(provider("ollama", models=("mistral:7b",)))), "mistral", 7.0),
        (settings(open_at(provider("ollama", models=("llama3:8b", "llama3:70b")))), "llama3", None),
        (settings(), "nobody", None),
        (settings(), None, None),
    ],
)
def test_where_a_size_comes_from(made, name, size):
    """What a deployment says, the name, the upstream's name, what providers list; of two sizes none is guessed."""
    found = compile_topology(made).size_of(name)
    assert (found and found.billions) == size
