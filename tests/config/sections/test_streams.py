"""Streams that break off and callers who wait: what the configuration says of them."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping


def load(router=None, params=None, info=None, provider=None):
    entry = {"model_name": "m", "litellm_params": {"model": "box/x", **(params or {})}, "model_info": info}
    providers = {"box": {"kind": "vllm", "base_url": "http://h:1", **(provider or {})}}
    page = {"model_list": [entry], "providers": providers, "router_settings": router or {}}
    return load_mapping(page, environ={})


@pytest.mark.parametrize(
    ("router", "resume"),
    [
        ({}, True),
        ({"mid_stream": "resume"}, True),
        ({"mid_stream": "error"}, False),
        ({"enable_mid_stream_fallback_continuation": True}, True),
        ({"enable_mid_stream_fallback_continuation": False}, False),
        ({"mid_stream": "resume", "enable_mid_stream_fallback_continuation": False}, True),
    ],
)
def test_a_stream_that_breaks_off_is_gone_on_with_unless_somebody_says_no(router, resume):
    """In our words or LiteLLM's; ours count."""
    assert load(router).settings.router.resume is resume


def test_there_are_two_ways_and_no_third():
    """Told with the key."""
    (finding,) = load({"mid_stream": "restart"}).findings
    assert (finding.severity, finding.key) == ("error", "router_settings.mid_stream")


def test_comments_are_sent_where_a_time_is_said():
    """Seconds, more than none."""
    assert load().settings.router.keepalive is None
    assert load({"stream_keepalive": 20}).settings.router.keepalive == 20.0
    assert load({"stream_keepalive": 0}).settings is None


@pytest.mark.parametrize(
    ("said", "prefill"),
    [
        ({}, False),
        ({"params": {"prefill": True}}, True),
        ({"info": {"prefill": True}}, True),
        ({"info": {"supports_assistant_prefill": True}}, True),
        ({"info": {"prefill": False, "supports_assistant_prefill": True}}, False),
        ({"info": {"prefill": True}, "params": {"prefill": False}}, False),
        ({"provider": {"prefill": True}}, True),
        ({"provider": {"prefill": True}, "params": {"prefill": False}}, False),
    ],
)
def test_who_goes_on_from_a_beginning_says_so(said, prefill):
    """The deployment, LiteLLM's word about its model, or its provider for all; and no server is sent the word."""
    (deployment, *_) = load(**said).settings.deployments
    assert (deployment.prefill, deployment.params) == (prefill, {})
