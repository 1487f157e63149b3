"""Tags that do not do what they are there for."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

FILTERED = {"enable_tag_filtering": True, "task_tags": True}


def entry(name="m", model="x", info=None, **params):
    return {"model_name": name, "litellm_params": {"model": f"ollama/{model}", **params}, "model_info": info}


def told(*entries, router=None, **sections):
    mapping = {"model_list": list(entries), "router_settings": FILTERED if router is None else router, **sections}
    loaded = load_mapping(mapping, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.key}: {f.message}" + (f" ({f.suggestion})" if f.suggestion else "") for f in loaded.findings]


ADAPTERS = (entry(model="m-retrieval", tags=["retrieval"]), entry(model="m-code", tags=["code"]))
TRAP = "(give it tags of its own, or leave it out)"


def test_adapters_that_are_told_apart_are_fine():
    """Each with tags, and no base model."""
    assert told(*ADAPTERS) == []


@pytest.mark.parametrize(
    ("base", "finding"),
    [
        (
            entry(),
            f"model_list[2]: has no tags, other deployments of `m` have: requests without a tag may go to it {TRAP}",
        ),
        (
            entry(tags=["default"]),
            f"model_list[2]: is tagged `default`: requests of `m` without a tag, or with one that nobody there has, go to it {TRAP}",
        ),
    ],
)
def test_a_base_model_beside_its_adapters_is_a_trap(base, finding):
    """With tag filtering on, for all names or for this one."""
    named = (entry(model="m-code", tags=["code"], info={"enable_tag_filtering": True}), base)

    assert told(*ADAPTERS, base) == [finding]
    assert told(*named, router={"task_tags": True}) == [finding.replace("[2]", "[1]")]


def test_a_deployment_that_knows_its_callers_is_no_trap():
    """``tag_regex`` tells it apart."""
    assert told(*ADAPTERS, entry(tag_regex=["curl"])) == []


def test_tags_that_are_not_filtered_by_are_told_once_a_name():
    """Whether all of its deployments have some, or a few."""
    hint = "(set router_settings.enable_tag_filtering: true)"

    assert told(*ADAPTERS, entry(), entry("n"), router={}) == [
        f"model_list[0]: has tags, and deployments of `m` are not filtered by them {hint}"
    ]


def test_deployments_of_one_name_should_agree():
    """The first that says something counts, and the other one is told."""
    one = entry(model="a", tags=["a"], info={"enable_tag_filtering": True})
    other = entry(model="b", tags=["b"], info={"enable_tag_filtering": False})

    assert told(one, other) == [
        "model_list[1]: says another enable_tag_filtering than `m@ollama` of the same name, and that one counts"
    ]


def test_a_deployments_tag_needs_no_prefix():
    """Requests' tags lose it."""
    router = FILTERED | {"tag_routing_prefix": "route:"}

    assert told(entry(tags=["route:fast"]), entry(model="y", tags=["slow"]), router=router) == [
        "model_list[0]: tag `route:fast` begins with tag_routing_prefix, which requests' tags lose: no request has it (leave the prefix out)"
    ]


def rule(condition):
    return {"r": {"provider": "ollama", "condition": condition}}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ('"retrieval" in tags', None),
        ('"retreival" in tags', "tag `retreival` is on no deployment (did you mean `retrieval`?)"),
        ('not (stream and tags in ["code", "poems"])', "tag `poems` is on no deployment"),
        ('task == "cod"', "tag `cod` is on no deployment (did you mean `code`?)"),
        ('task == "chat"', None),
        ('tags matches "^x"', None),
        ('header.x-team == "nobody"', None),
    ],
)
def test_a_tag_in_a_condition_should_be_on_a_deployment(condition, message):
    """Or be the name of a task, where tasks are tags."""
    findings = told(
        *ADAPTERS,
        entry("talk"),
        request_metadata_routing=rule(condition),
        providers={"ollama": {}},
        tasks={"chat": "talk"},
    )

    assert findings == ([] if message is None else [f"request_metadata_routing.r.condition: {message}"])


def test_tags_of_chains_and_tasks_are_looked_up_too():
    """Each at its place."""
    chain = [{"provider": "ollama", "condition": '"x1" in tags'}]
    findings = told(
        *ADAPTERS,
        entry("talk"),
        providers={"ollama": {}},
        fallback_chains={"default": {"chain": chain}},
        tasks={"chat": {"model": "talk", "when": '"x2" in tags'}},
    )

    assert "fallback_chains.default.chain[0].condition: tag `x1` is on no deployment" in findings
    assert "tasks.chat.when: tag `x2` is on no deployment" in findings


def test_with_a_prefix_conditions_say_it_or_not():
    """Conditions see the tags as they were sent."""
    router = FILTERED | {"tag_routing_prefix": "r:"}
    for word, fine in (("r:code", True), ("code", True), ("r:cod", False)):
        findings = told(
            *ADAPTERS, router=router, request_metadata_routing=rule(f'"{word}" in tags'), providers={"ollama": {}}
        )
        assert (findings == []) is fine


def test_without_tags_on_deployments_conditions_are_free():
    """Tags may be there for rules alone."""
    assert told(entry(), request_metadata_routing=rule('"batch" in tags'), providers={"ollama": {}}) == []
