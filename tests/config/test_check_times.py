"""Timeouts that never end anything are told."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

OF_A_REQUEST = "is longer than the {} s that a whole request has"
OF_AN_ANSWER = "its {} is longer than the {} s that are waited for an answer of it"


def warnings(router: dict, params: dict, providers: dict | None = None) -> list[str]:
    entry = {"model_name": "m", "litellm_params": {"model": "ollama/m", **params}}
    mapping = {"model_list": [entry], "router_settings": router, "providers": providers or {}}
    loaded = load_mapping(mapping, environ={})
    assert loaded.settings is not None, loaded.findings
    return [f"{f.key}: {f.message}" for f in loaded.findings if f.severity == "warning"]


@pytest.mark.parametrize("key", ["first_token_timeout", "idle_timeout", "stream_timeout"])
@pytest.mark.parametrize(("router", "limit"), [({}, 600), ({"timeout": 30}, 30)])
def test_no_time_of_the_router_is_longer_than_a_request(key, router, limit):
    """Just as long is well; what is longer is told at its place."""
    assert warnings({**router, key: limit}, {}) == []
    assert warnings({**router, key: limit + 1}, {}) == [f"router_settings.{key}: {OF_A_REQUEST.format(limit)}"]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"timeout": 10, "first_token_timeout": 10}, None),
        ({"timeout": 10, "first_token_timeout": 11}, ("first_token_timeout", 10)),
        ({"first_token_timeout": 61}, ("first_token_timeout", 60)),
        ({"timeout": 10, "idle_timeout": 60}, None),
        ({"timeout": 10, "idle_timeout": 61}, ("idle_timeout", 60)),
        ({"timeout": 10, "stream_timeout": 11}, ("stream_timeout", 10)),
        ({"timeout": 90, "stream_timeout": 61}, ("stream_timeout", 60)),
        ({"timeout": 90, "stream_timeout": 60}, None),
    ],
)
def test_no_time_of_a_deployment_is_longer_than_its_answer(params, told):
    """A first content is waited for like a whole reply; silences are cut by the request's time only."""
    expected = [f"model_list[0]: {OF_AN_ANSWER.format(*told)}"] if told else []
    assert warnings({"timeout": 60}, params) == expected
