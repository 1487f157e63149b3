"""What a configuration says of asking servers about themselves."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping


def read(page: dict):
    loaded = load_mapping(page, environ={}, standalone=True)
    assert loaded.settings is not None, loaded.findings
    return loaded


@pytest.mark.parametrize(("kind", "told"), [("vllm", False), ("llama_cpp", False), ("ollama", True), ("openai", True)])
def test_a_load_is_watched_where_it_is_wished_for_and_told(kind, told):
    """Who doesn't tell it is warned of."""
    given = {"kind": kind, "base_url": "http://h:1", "api_key": "k"}
    loaded = read({"providers": {"a": {**given, "watch_load": True}, "b": given}, "default_provider": "a"})
    assert [loaded.settings.providers[name].watch_load for name in "ab"] == [True, False]
    assert bool([finding for finding in loaded.findings if finding.key.endswith("watch_load")]) is told


@pytest.mark.parametrize(("value", "checks"), [(True, True), (False, False), (None, False)])
def test_listed_context_windows_are_kept_to_where_checks_are_wished_for(value, checks):
    """``enable_pre_call_checks``."""
    assert read({"router_settings": {"enable_pre_call_checks": value}}).settings.router.pre_call_checks is checks
