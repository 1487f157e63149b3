"""Tags by themselves: which members of a pool carry what a request asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.settings import TagSettings
from pointsman.fakes import deployment
from pointsman.routing.tagging import allowed, fit_for, for_everybody, matching, shown, wished

ANY, ALL = TagSettings(enabled=True), TagSettings(enabled=True, match_any=False)
A, B, AB, NONE = (
    deployment("a", tags=("a",)),
    deployment("b", tags=("b",)),
    deployment("ab", tags=("a", "b")),
    deployment("none"),
)
DEFAULT = deployment("def", tags=("default",))
AGENT = deployment("agent", tag_regex=("^User-Agent: claude-code/",))
BOTH = deployment("both", tags=("a",), tag_regex=("claude",))


def ids(pool) -> list[str]:
    return [d.id for d in pool]


def match(tags, pool, settings=ANY, agent="") -> list[str]:
    return ids(matching(pool, wished(tags, settings), settings, agent))


@pytest.mark.parametrize(
    ("tags", "by_any", "by_all"),
    [
        (("a",), ["a", "ab"], ["a", "ab"]),
        (("a", "b"), ["a", "b", "ab"], ["ab"]),
        (("a", "c"), ["a", "ab"], []),
        (("c",), [], []),
        ((), [], []),
    ],
)
def test_one_common_tag_is_enough_unless_all_are_demanded(tags, by_any, by_all):
    """By default any overlap; else the deployment has all of the request's, and may have more."""
    pool = (A, B, AB, NONE)
    assert (match(tags, pool), match(tags, pool, ALL)) == (by_any, by_all)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("!a",), ["b", "none"]),
        (("!a", "!b"), ["none"]),
        (("&a",), ["a", "ab"]),
        (("&a", "&b"), ["ab"]),
        (("&a", "!b"), ["a"]),
        (("b", "!a"), ["b"]),
        (("b", "&a"), ["ab"]),
        (("b", "&c"), []),
        (("!", "&", ""), []),
    ],
)
def test_constraints_come_before_plain_tags(tags, expected):
    """``!tag`` leaves out who carries it, ``&tag`` who does not; a sign alone says nothing."""
    assert match(tags, (A, B, AB, NONE)) == expected


def test_a_ban_alone_chooses_among_those_for_everybody():
    """As a request without tags would; a demand chooses among all."""
    pool = (A, DEFAULT, AB, deployment("both", tags=("default", "a")))
    assert match(("!a",), pool) == ["def"]
    assert match(("&a",), pool) == ["a", "ab", "both"]


@pytest.mark.parametrize(
    ("tags", "agent", "expected"),
    [
        ((), "claude-code/1.2", ["agent", "both"]),
        ((), "curl/8", []),
        (("a",), "claude-code/1.2", ["a", "both"]),
        (("c",), "claude-code/1.2", ["agent", "both"]),
        (("!a",), "claude-code/1.2", ["agent"]),
        (("c",), "", []),
    ],
)
def test_a_user_agent_matches_where_no_tag_does(tags, agent, expected):
    """Patterns look at the line "User-Agent: …"; plain tags win, bans hold."""
    assert match(tags, (A, AGENT, BOTH), agent=agent) == expected


def test_where_all_tags_are_demanded_a_pattern_overrides_none():
    """A member with tags of its own goes by these alone."""
    assert match(("c",), (A, AGENT, BOTH), ALL, "claude-code/1") == ["agent"]


def test_only_tags_with_the_prefix_route():
    """And they do so without it, signs included."""
    settings = TagSettings(enabled=True, prefix="route:")
    assert match(("route:a", "b"), (A, B), settings) == ["a"]
    assert match(("route:!a", "b"), (A, B), settings) == ["b"]
    assert match(("a",), (A, B), settings) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("a",), ["a"]),
        (("c",), ["def", "none"]),
        ((), ["def"]),
        (("!default",), ["none"]),
        (("&c",), []),
        (("c", "!default"), ["none"]),
    ],
)
def test_a_group_that_is_turned_to_serves_who_it_can(tags, expected):
    """Who carries the tags, else who is for everybody, and never against a constraint."""
    pool = (A, DEFAULT, NONE)
    assert sorted(ids(fit_for(pool, wished(tags, ANY), ANY))) == sorted(expected)


TAGS = st.lists(st.sampled_from(["a", "b", "c", "default", "!a", "!b", "&a", "&b"]), max_size=4).map(tuple)
POOLS = st.lists(st.lists(st.sampled_from(["a", "b", "default"]), max_size=3), max_size=6).map(
    lambda listed: tuple(deployment(f"d{n}", tags=tuple(tags)) for n, tags in enumerate(listed))
)


@given(TAGS, POOLS, st.sampled_from([ANY, ALL]))
def test_nobody_matches_against_a_constraint(tags, pool, settings):
    """Whoever is found is allowed, whichever way."""
    wish = wished(tags, settings)
    within = set(allowed(pool, wish))
    assert set(matching(pool, wish, settings)) <= within
    if wish:
        assert set(fit_for(pool, wish, settings)) <= within


@given(TAGS, POOLS)
def test_demanding_all_never_finds_more(tags, pool):
    """Of requests with plain tags."""
    if wished(tags, ANY).plain:
        assert set(matching(pool, wished(tags, ALL), ALL)) <= set(matching(pool, wished(tags, ANY), ANY))


@given(POOLS)
def test_there_is_always_somebody_for_everybody(pool):
    """A pool is never emptied for want of tags."""
    assert bool(for_everybody(pool)) == bool(pool)


@given(st.lists(st.text(max_size=200), max_size=20))
def test_tags_are_shown_in_one_bounded_line(tags):
    """Whatever a caller put into them."""
    text = shown(tags)
    assert text.isprintable()
    assert len(text) < 8 * 600
