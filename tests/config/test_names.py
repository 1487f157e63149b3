"""Fallbacks and aliases in every shape, and whether their names lead anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.circles import circles
from pointsman.config.load import load_mapping

MODELS = {"model_list": [{"model_name": n, "litellm_params": {"model": f"ollama/{n}"}} for n in ("a", "b", "c")]}


def load(router=None, *, standalone=False, **sections):
    return load_mapping({**MODELS, "router_settings": router or {}, **sections}, environ={}, standalone=standalone)


def told(loaded, severity="error"):
    return [f"{f.key}: {f.message}" for f in loaded.findings if f.severity == severity]


@pytest.mark.parametrize(
    ("fallbacks", "expected"),
    [
        ([{"a": ["b", "c"]}], {"a": ("b", "c")}),
        ([{"model": "a", "fallback_models": ["b", "c"]}], {"a": ("b", "c")}),
        ([{"a": ["b"]}, {"model": "b", "fallback_models": ["c"]}], {"a": ("b",), "b": ("c",)}),
        ([{"a": ["b"], "b": ["c"]}], {"a": ("b",), "b": ("c",)}),
        ({"a": ["b"]}, {"a": ("b",)}),
        ([{"a": ["b", "b"]}], {"a": ("b",)}),
        ([{"a": []}], {}),
        ([], {}),
        (None, {}),
    ],
)
def test_fallbacks_are_understood_in_every_shape(fallbacks, expected):
    """LiteLLM's shape, the documents' shape, and a plain mapping say the same."""
    assert load({"fallbacks": fallbacks}).settings.fallbacks == expected


@pytest.mark.parametrize(
    ("fallbacks", "key", "message"),
    [
        ("a", "", "expected a list"),
        ([["a"]], "[0]", "expected a mapping"),
        ([{}], "[0]", "expected a mapping"),
        ([{"a": "b"}], "[0].a", "expected a list of names"),
        ([{"a": ["b", 5]}], "[0].a[1]", "expected a name"),
        ([{"fallback_models": ["b"]}], "[0].model", "expected a model's name"),
        ([{"model": "a", "fallback_models": ["b"], "wait": 1}], "[0].wait", "unknown key `wait`"),
        ([{"a": ["bb"]}], "[0].a[0]", "`bb` is not defined here"),
        ([{"aa": ["b"]}], "[0].aa", "`aa` is not defined here"),
    ],
)
def test_what_is_no_fallback_is_told_with_its_place(fallbacks, key, message):
    """A wrong shape or a name that leads nowhere is an error at that very item."""
    assert told(load({"fallbacks": fallbacks})) == [f"router_settings.fallbacks{key}: {message}"]


@pytest.mark.parametrize(
    ("key", "field"),
    [("context_window_fallbacks", "context_fallbacks"), ("content_policy_fallbacks", "content_fallbacks")],
)
def test_fallbacks_for_one_cause_are_read_like_the_others(key, field):
    """In either section, of which the router's counts; ``*`` stays among them; their names are looked up."""
    listed = [{"a": ["b", "c"]}, {"model": "b", "fallback_models": ["c"]}, {"*": ["c"]}]
    expected = {"a": ("b", "c"), "b": ("c",), "*": ("c",)}
    for loaded in (load({key: listed}), load(litellm_settings={key: listed}), load({key: listed}, litellm_settings={})):
        assert getattr(loaded.settings, field) == expected
        assert (loaded.settings.fallbacks, loaded.settings.default_fallbacks) == ({}, ())
    both = load({key: listed}, litellm_settings={key: [{"a": ["c"]}]})
    assert getattr(both.settings, field) == expected
    assert told(both, "warning") == [f"litellm_settings.{key}: are not used: those of `router_settings` count"]
    assert told(load({key: [{"a": ["bb"]}, {"aa": []}]})) == [
        f"router_settings.{key}[0].a[0]: `bb` is not defined here",
        f"router_settings.{key}[1].aa: `aa` is not defined here",
    ]


def test_the_star_means_every_other_name():
    """``"*"`` and ``default_fallbacks`` together are the default fallbacks, each name once."""
    loaded = load({"fallbacks": [{"*": ["c", "b"]}], "default_fallbacks": ["b"]})

    assert loaded.settings.default_fallbacks == ("b", "c")
    assert loaded.settings.fallbacks == {}


def test_router_settings_win_over_litellm_settings():
    """Fallbacks may stand in both sections; the router's count, and the others are told."""
    both = load({"fallbacks": [{"a": ["b"]}]}, litellm_settings={"fallbacks": [{"a": ["c"]}]})
    only = load(litellm_settings={"fallbacks": [{"a": ["c"]}], "default_fallbacks": ["b"]})

    assert both.settings.fallbacks == {"a": ("b",)}
    assert told(both, "warning") == ["litellm_settings.fallbacks: are not used: those of `router_settings` count"]
    assert (only.settings.fallbacks, only.settings.default_fallbacks) == ({"a": ("c",)}, ("b",))


def test_a_name_twice_in_the_fallbacks_is_told():
    """The first list counts; joining several files can make two."""
    loaded = load({"fallbacks": [{"a": ["b"]}, {"a": ["c"]}]})

    assert loaded.settings.fallbacks == {"a": ("b",)}
    assert told(loaded, "warning") == [
        "router_settings.fallbacks[1].a: stands twice in the fallbacks; the first counts"
    ]


def test_aliases_lead_to_their_last_name_and_groups_to_their_members():
    """To a name, through other aliases, to a hidden one, to a group, to a group of groups."""
    settings = load(
        {
            "model_group_alias": {
                "one": "two",
                "two": "a",
                "secret": {"model": "b", "hidden": True},
                "plain": {"model": "b"},
                "group": ["a", "one", "c"],
                "both": ["group", "b"],
                "grouped": "group",
            }
        }
    ).settings

    assert settings.aliases == {"one": "a", "two": "a", "secret": "b", "plain": "b", "grouped": "group"}
    assert settings.alias_groups == {"group": ("a", "c"), "both": ("a", "c", "b")}
    assert settings.hidden == {"secret"}


@pytest.mark.parametrize(
    ("aliases", "findings"),
    [
        (["x"], [": expected a mapping of aliases to names"]),
        ({"x": 5}, [".x: expected a name, a list of names, or {model, hidden}"]),
        ({"x": []}, [".x: is a group without members"]),
        ({"x": {"hidden": True}}, [".x.model: expected a model's name"]),
        ({"x": {"model": "a", "hidden": "no"}}, [".x.hidden: expected true or false"]),
        ({"x": {"model": "a", "hiden": True}}, [".x.hiden: unknown key `hiden`"]),
        ({"x": "x"}, [".x: alias `x` leads back to itself"]),
        ({"x": "y", "y": "z", "z": "y"}, [".y: alias `y` leads back to itself", ".z: alias `z` leads back to itself"]),
        ({"x": ["a", "y"], "y": "x"}, [".x: alias `x` leads back to itself", ".y: alias `y` leads back to itself"]),
        ({"x": "nobody"}, [".x: `nobody` is not defined here"]),
        ({"x": ["a", "nobody"]}, [".x[1]: `nobody` is not defined here"]),
    ],
)
def test_what_is_no_alias_is_told(aliases, findings):
    """Wrong shapes, circles and names that lead nowhere are errors at their place."""
    expected = [f"router_settings.model_group_alias{finding}" for finding in findings]

    assert told(load({"model_group_alias": aliases})) == expected


def test_members_of_a_group_need_deployments_of_their_own():
    """A name that only an exact match knows has no pool to choose from."""
    loaded = load(
        {"model_group_alias": {"g": ["a", "e"]}}, providers={"ollama": {}}, exact_matches={"e": {"provider": "ollama"}}
    )

    assert told(loaded) == ["router_settings.model_group_alias.g[1]: `e` has no deployment in `model_list`"]


UNDEFINED = {
    "router": {"fallbacks": [{"a": ["x"]}], "default_fallbacks": ["x"], "model_group_alias": {"y": "x"}},
    "exact_matches": {"e": {"provider": "p", "fallback": "o"}},
    "patterns": [{"pattern": "^q", "provider": "p", "fallback": "o"}],
    "default_provider": "d",
}


def test_names_that_nobody_defines_are_errors_for_serving_and_warnings_alone():
    """A block that stands alone may name what another file defines (and still becomes Settings); serving can't."""
    sections = dict(UNDEFINED)
    router = sections.pop("router")
    serving, alone = load(router, **sections), load(router, standalone=True, **sections)

    assert told(serving) == told(alone, "warning")
    assert told(alone) == []
    assert serving.settings is None
    assert alone.settings.fallbacks == {"a": ("x",)}
    assert [line.split(": ", 1)[1] for line in told(serving)] == [
        "provider `d` is not defined here",
        *["provider `p` is not defined here", "provider `o` is not defined here"] * 2,
        *["`x` is not defined here"] * 3,
    ]


@pytest.mark.parametrize(
    "sections",
    [
        {"exact_matches": {"x": {"provider": "ollama"}}},
        {"patterns": [{"pattern": "^x$", "provider": "ollama"}]},
        {"providers": {"ollama": {"models": ["x"]}}},
        {"router_settings": {"model_group_alias": {"x": "a"}, "fallbacks": [{"a": ["x"]}]}},
        {"router_settings": {"model_group_alias": {"x": ["a"]}, "fallbacks": [{"a": ["x"]}]}},
    ],
)
def test_a_name_is_defined_by_whatever_serves_it(sections):
    """Exact matches, patterns, a provider's models, aliases and groups all define names."""
    mapping = {**MODELS, "router_settings": {"fallbacks": [{"a": ["x"]}]}, "providers": {"ollama": {}}, **sections}

    assert told(load_mapping(mapping, environ={})) == []


def test_a_default_provider_takes_any_name_and_doubts_it():
    """With a default provider an unknown fallback works, but is probably a slip: a warning."""
    loaded = load({"fallbacks": [{"a": ["bb"]}]}, default_provider="ollama")

    assert told(loaded) == []
    assert told(loaded, "warning") == [
        "router_settings.fallbacks[0].a[0]: `bb` is not defined here; the default provider would be asked for it"
    ]


def test_an_entry_with_another_error_still_defines_its_name():
    """One mistake is one finding: a wrong entry's name is not unknown elsewhere as well."""
    mapping = {
        "model_list": [*MODELS["model_list"], {"model_name": "x", "litellm_params": {"model": "vertex_ai/x"}}],
        "router_settings": {"fallbacks": [{"a": ["x"]}]},
        "providers": {"p": {"kind": "nonsense"}},
        "default_provider": "p",
    }

    assert {f.key for f in load_mapping(mapping, environ={}).findings} == {
        "model_list[3].litellm_params.model",
        "providers.p.kind",
    }


def test_the_outer_default_provider_counts():
    """It may stand at the top, in router_settings or in general_settings."""
    providers = {name: {"kind": "vllm", "base_url": f"http://{name}"} for name in ("x", "y")}
    loaded = load({"default_provider": "y"}, providers=providers, default_provider="x")
    general = load(providers=providers, general_settings={"default_provider": "y"})

    assert loaded.settings.default_provider == "x"
    assert "router_settings.default_provider: another default_provider stands further out, and that one counts" in told(
        loaded, "warning"
    )
    assert general.settings.default_provider == "y"


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4)))
def test_circles_are_names_that_reach_each_other(graph):
    """Two names are in one circle if and only if each can be reached from the other."""

    def reach(start):
        found, todo = set(), [*graph.get(start, ())]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += graph.get(name, ())
        return found

    reached = {name: reach(name) for name in "abcdef"}
    expected = {frozenset(o for o in reached[n] if n in reached[o]) for n in "abcdef" if n in reached[n]}

    assert {frozenset(circle) for circle in circles(graph)} == expected


@given(st.dictionaries(NAMES, NAMES | st.lists(NAMES, min_size=1, max_size=3)))
def test_no_alias_remains_behind_an_alias(aliases):
    """When aliases are accepted, none means another alias, and no group holds a group."""
    settings = load({"model_group_alias": aliases}, standalone=True).settings
    if settings is not None:
        assert not settings.aliases.keys() & set(settings.aliases.values())
        for members in settings.alias_groups.values():
            assert not set(members) & (settings.aliases.keys() | settings.alias_groups.keys())
