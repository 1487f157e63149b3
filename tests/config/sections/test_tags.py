"""Tags of deployments, and what ``router_settings`` and the callbacks say of routing by them."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping
from pointsman.config.patterns import MAX_PATTERN
from pointsman.config.settings import TagSettings


def load(router=None, callbacks=None, **params):
    entry = {"model_name": "m", "litellm_params": {"model": "ollama/x", "tags": ["a"], **params}}
    mapping = {"model_list": [entry], "router_settings": router or {}, "litellm_settings": {"callbacks": callbacks}}
    return load_mapping(mapping, environ={})


def told(loaded):
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings]


@pytest.mark.parametrize(
    ("router", "callbacks", "expected"),
    [
        ({}, None, TagSettings()),
        ({"enable_tag_filtering": True}, None, TagSettings(enabled=True)),
        ({"enable_tag_filtering": True}, ["nova_task_router"], TagSettings(enabled=True, tasks=True)),
        ({"enable_tag_filtering": True}, "nova_task_router", TagSettings(enabled=True, tasks=True)),
        ({"enable_tag_filtering": True, "task_tags": True}, None, TagSettings(enabled=True, tasks=True)),
        ({"enable_tag_filtering": True, "task_tags": False}, ["nova_task_router"], TagSettings(enabled=True)),
        ({"tag_filtering_match_any": False}, None, TagSettings(match_any=False)),
        ({"tag_routing_prefix": "route:"}, None, TagSettings(prefix="route:")),
        ({"litellm_status_codes": True}, None, TagSettings(unauthorized=True)),
    ],
)
def test_the_settings_are_those_of_the_router_and_its_hook(router, callbacks, expected):
    """The hook stands for ``task_tags``, unless that says otherwise."""
    assert load(router, callbacks).settings.tags == expected


def test_a_deployment_carries_its_tags_and_patterns():
    """Each tag once, in the order written."""
    made = load(tags=["b", "a", "b"], tag_regex=["^User-Agent: x"]).settings.deployments[0]

    assert (made.tags, made.tag_regex) == (("b", "a"), ("^User-Agent: x",))


def test_a_group_may_say_for_itself_whether_its_tags_count():
    """``model_info.enable_tag_filtering`` is a switch, also in words."""
    entry = {"model_name": "m", "litellm_params": {"model": "ollama/x"}, "model_info": {"enable_tag_filtering": "yes"}}
    loaded = load_mapping({"model_list": [entry]}, environ={})

    assert loaded.settings.deployments[0].info == {"enable_tag_filtering": True}


def test_tags_in_the_wrong_place_are_told():
    """Those of ``model_info`` route nothing."""
    entry = {"model_name": "m", "litellm_params": {"model": "ollama/x"}, "model_info": {"tags": ["a"]}}
    loaded = load_mapping({"model_list": [entry]}, environ={})

    assert loaded.settings.deployments[0].tags == ()
    assert told(loaded) == ["warning model_list[0].model_info.tags: tells nobody apart: tags stand in `litellm_params`"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is not a regular expression for RE2: `missing ): (`"),
        ("(?=x)", "is not a regular expression for RE2: `invalid perl operator: (?=`"),
        ("x" * (MAX_PATTERN + 1), f"is longer than {MAX_PATTERN} characters"),
    ],
)
def test_a_pattern_that_re2_does_not_take_is_an_error_at_its_place(pattern, message):
    """A start-up finding, never a failure of a request."""
    loaded = load({"enable_tag_filtering": True, "task_tags": False}, tag_regex=["fine", pattern])

    assert told(loaded) == [f"error model_list[0].litellm_params.tag_regex[1]: {message}"]


@pytest.mark.parametrize(
    ("router", "callbacks", "findings"),
    [
        (
            {"enable_tag_filtering": True},
            None,
            ["warning router_settings.enable_tag_filtering: a request's `task` is no tag, only a hint at a task"],
        ),
        ({"enable_tag_filtering": True, "task_tags": False}, None, []),
        ({"enable_tag_filtering": True}, ["nova_task_router"], []),
        (
            {"enable_tag_filtering": True},
            ["langfuse", "nova_task_router"],
            ["warning litellm_settings.callbacks[0]: callback `langfuse`: known, but not acted on by this version"],
        ),
    ],
)
def test_a_task_that_is_no_tag_and_a_callback_that_is_none_are_told(router, callbacks, findings):
    """Where tags route, whether tasks are tags is to be said."""
    assert told(load(router, callbacks)) == findings


@pytest.mark.parametrize(
    ("router", "callbacks", "key"),
    [
        ({}, ["nova_task_router"], "litellm_settings.callbacks"),
        ({"task_tags": True}, None, "router_settings.task_tags"),
    ],
)
def test_tags_of_tasks_that_route_nothing_are_told(router, callbacks, key):
    """The hook alone does nothing: tag filtering is off."""
    assert f"warning {key}: makes tags of tasks, and tags route nothing yet" in told(load(router, callbacks))
