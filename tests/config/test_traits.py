"""What is known of a deployment's model: where it may be said, what counts first, and that the rest stays unknown."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

FIELDS = (
    "order", "size", "context", "input_cost", "output_cost", "vision", "tools",
    "max_output", "cached_cost", "written_cost", "written_hour_cost",
)  # fmt: skip
CACHE = ("cache_read_input_token_cost", "cache_creation_input_token_cost", "cache_creation_input_token_cost_above_1hr")


def deployments(params=None, info=None, provider=None, **outer):
    entry = {"model_name": "m", "litellm_params": {"model": "box/x", **(params or {})}, "model_info": info, **outer}
    providers = {"box": {"kind": "vllm", "base_url": "http://h:1", "models": ["listed"], **(provider or {})}}
    loaded = load_mapping({"model_list": [entry], "providers": providers}, environ={})
    assert loaded.settings is not None, loaded.findings
    return loaded.settings.deployments


def known(*given, **outer):
    made = deployments(*given, **outer)[0]
    return {field: value for field in FIELDS if (value := getattr(made, field)) is not None}


def test_what_nobody_says_is_unknown():
    """Nothing is guessed when a configuration is read."""
    assert known() == {}


@pytest.mark.parametrize(
    ("params", "info", "expected"),
    [
        ({}, {"size": "47B"}, {"size": 47.0}),
        ({}, {"size": 1.5}, {"size": 1.5}),
        ({}, {"size": "8x7B"}, {"size": 56.0}),
        ({}, {"size": "500M"}, {"size": 0.5}),
        ({}, {"max_input_tokens": 8192, "max_tokens": 100}, {"context": 8192}),
        ({}, {"max_tokens": 4096}, {"context": 4096}),
        ({}, {"context_window": 1, "max_input_tokens": 2}, {"context": 1}),
        ({"max_tokens": 512}, {}, {}),
        ({"input_cost_per_token": 1e-06}, {"input_cost_per_token": 2e-06}, {"input_cost": 1e-06}),
        ({}, {"input_cost_per_token": 0, "output_cost_per_token": 2e-06}, {"input_cost": 0.0, "output_cost": 2e-06}),
        ({}, {"max_output_tokens": 4096}, {"max_output": 4096}),
        ({"max_output_tokens": 100}, {}, {}),
        (
            {CACHE[1]: 1e-06},
            dict.fromkeys(CACHE, 2e-06),
            {"cached_cost": 2e-06, "written_cost": 1e-06, "written_hour_cost": 2e-06},
        ),
        ({}, {"supports_vision": False, "supports_function_calling": True}, {"vision": False, "tools": True}),
        ({"order": 2}, {"order": 2}, {"order": 2}),
        ({}, {"order": 0}, {"order": 0}),
    ],
)
def test_a_model_is_described_in_its_params_or_its_info(params, info, expected):
    """LiteLLM's keys, a size in words or billions; a limit of the answer is none of the prompt."""
    assert known(params, info) == expected


@pytest.mark.parametrize(
    ("given", "adaptive"),
    [
        ((), False),
        (({"adaptive_concurrency": True},), True),
        ((None, {"adaptive_concurrency": True}), True),
        ((None, None, {"adaptive_concurrency": True}), True),
        (({"adaptive_concurrency": False}, {"adaptive_concurrency": True}), False),
        ((None, {"adaptive_concurrency": False}, {"adaptive_concurrency": True}), False),
    ],
)
def test_who_finds_its_limit_by_itself_is_said_in_any_of_three_places(given, adaptive):
    """Its params, its info, its provider for all; the nearest counts, and no server is sent the word."""
    made = deployments(*given)[0]
    assert (made.adaptive, made.params) == (adaptive, {})


def test_the_order_may_stand_outside_too():
    """As weight, rpm and tpm."""
    assert known(order=3) == {"order": 3}


TIMES = ("timeout", "first_token_timeout", "idle_timeout", "stream_timeout", "num_retries")


@pytest.mark.parametrize("field", TIMES)
def test_a_provider_says_times_and_retries_for_all_its_deployments(field):
    """But for those that say their own."""
    made = deployments({field: 3}, provider={field: 5})
    assert {d.id: getattr(d, field) for d in made} == {"m@box": 3, "listed@box": 5, "box": 5}
    assert {getattr(d, field) for d in deployments()} == {None}


@pytest.mark.parametrize(
    ("params", "expected"), [({"max_retries": 4}, 4), ({"num_retries": 1, "max_retries": 4}, 1), ({}, None)]
)
def test_max_retries_means_the_same_as_num_retries(params, expected):
    """LiteLLM hands either on; the plainer word counts first."""
    assert deployments(params)[0].num_retries == expected


def test_a_provider_speaks_for_all_its_models_that_say_nothing_else():
    """Those of ``model_list``, those it lists, and its open deployment."""
    provider = {"context_window": 8192, "supports_vision": False, "input_cost_per_token": 0}
    own, listed, anyone = deployments({}, {"max_input_tokens": 4096}, provider)

    assert [d.context for d in (own, listed, anyone)] == [4096, 8192, 8192]
    assert [(d.vision, d.input_cost, d.output_cost) for d in (own, listed, anyone)] == [(False, 0.0, None)] * 3


@pytest.mark.parametrize(
    ("line", "key", "message"),
    [
        ("model_info: {size: large}", "size", 'expected a size like "13B", got text'),
        ("model_info: {size: true}", "size", "expected a number, got true or false"),
        ("model_info: {size: 0}", "size", "must be greater than 0"),
        ("model_info: {size: 7000000000}", "size", "must be at most 100000"),
        ("model_info: {max_tokens: 0}", "max_tokens", "must be greater than 0"),
        ("model_info: {order: first}", "order", "expected a whole number, got text"),
    ],
)
def test_what_makes_no_sense_is_told(told, line, key, message):
    """With its place."""
    text = f"model_list:\n  - model_name: m\n    litellm_params: {{model: ollama/x}}\n    {line}\n"

    assert told(text) == [f"4:18 error model_list[0].model_info.{key}: {message}"]
