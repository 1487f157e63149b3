"""Compiling a configuration: which names exist, who serves them, and what is refused."""

from __future__ import annotations

import pytest

from pointsman.config.settings import ExactMatch, Pattern
from pointsman.errors import ConfigurationError
from pointsman.fakes import deployment, provider, settings
from pointsman.routing.topology import compile_topology

P, Q = provider("p"), provider("q")
OPEN_P = deployment("p", "*", P, model=None)
A1, A2, B1 = deployment("a1", "a", P), deployment("a2", "a", Q), deployment("b1", "b", Q)


def ids(pool) -> list[str]:
    return [d.id for d in pool]


def test_deployments_of_one_name_are_a_group_in_their_order():
    """Groups keep the order of the document, and open deployments are in none."""
    made = compile_topology(settings(A1, OPEN_P, B1, A2))
    assert {name: ids(pool) for name, pool in made.groups.items()} == {"a": ["a1", "a2"], "b": ["b1"]}


def test_an_alias_group_is_the_union_of_its_members():
    """Each deployment once, members that don't exist add nobody."""
    made = compile_topology(settings(A1, A2, B1, alias_groups={"all": ("a", "b", "a", "nobody")}))
    assert ids(made.groups["all"]) == ["a1", "a2", "b1"]


def test_an_open_deployment_is_found_by_its_provider():
    """It serves any name as asked."""
    made = compile_topology(settings(A1, OPEN_P))
    assert ids(made.served_by("p", "anything")) == ["p"]


def test_a_provider_serves_a_name_by_its_own_deployments_first():
    """The open one stands back where the model list names the model."""
    made = compile_topology(settings(A1, A2, OPEN_P))
    assert ids(made.served_by("p", "a")) == ["a1"]


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_provider_that_does_not_exist_serves_nothing(name):
    """An empty pool, not an error: the next stage goes on."""
    assert compile_topology(settings(A1)).served_by(name, "a") == ()


def test_public_names_are_all_that_can_be_asked_for_once_each_without_the_hidden():
    """Groups, exact entries and aliases; what is hidden is served and not listed."""
    made = compile_topology(
        settings(
            A1,
            B1,
            exact={"a": ExactMatch("a", "p"), "e": ExactMatch("e", "p")},
            aliases={"nick": "a", "secret": "a"},
            alias_groups={"all": ("a", "b")},
            hidden=frozenset({"secret", "b"}),
        )
    )
    assert made.public_names == ("a", "all", "e", "nick")
    assert made.aliases["secret"] == "a"
    assert ids(made.groups["b"]) == ["b1"]


@pytest.mark.parametrize("pattern", ["(", "[z-a]", r"(a)\1", "(?=a)", "a{1001}{1001}"])
def test_a_pattern_that_re2_does_not_take_is_a_configuration_error(pattern):
    """Broken ones, and those that only a backtracking engine could run."""
    with pytest.raises(ConfigurationError, match="pattern"):
        compile_topology(settings(A1, patterns=(Pattern(pattern, "p"),)))


def test_patterns_keep_the_order_of_the_document():
    """First match wins, so order is meaning."""
    made = compile_topology(settings(A1, patterns=(Pattern("z", "p"), Pattern("a", "p"))))
    assert [rule.pattern for rule in made.patterns.rules] == ["z", "a"]
