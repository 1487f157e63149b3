"""The way in: files or a mapping to Settings, all findings at once, and no secret in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.load import from_mapping, load, load_mapping, load_or_raise
from pointsman.config.settings import RouterSettings, TagSettings, WarmSettings
from pointsman.errors import ConfigurationError
from pointsman.routing.topology import compile_topology

WHOLE = (Path(__file__).parent / "whole.yaml").read_text()
ENVIRON = {"VLLM_KEY": "vllm-key-value", "MASTER": "0123456789abcdefghij"}


def test_a_whole_configuration_becomes_settings(loading):
    """Every part of a configuration arrives where routing and the gateway look for it, without a finding."""
    loaded = loading(WHOLE, environ=ENVIRON, standalone=False)
    settings = loaded.settings

    assert loaded.findings == ()
    assert [d.id for d in settings.deployments] == [
        "llama3.1:8b@ollama", "big@vllm", "adapters@ollama", "org/coder@code", "fast", "ollama", "vllm",
    ]  # fmt: skip
    assert list(settings.providers) == ["fast", "ollama", "vllm"]
    assert settings.providers["vllm"].api_key.reveal() == "vllm-key-value"
    assert (settings.exact["small"].provider, settings.exact["small"].model) == ("ollama", "llama3.2:1b")
    assert (settings.patterns[0].provider, settings.patterns[0].fallback) == ("vllm", "fast")
    assert settings.router == RouterSettings(
        num_retries=1,
        timeout=30.0,
        stream_timeout=10.0,
        allowed_fails=3,
        cooldown_time=60.0,
        retry_after=0.5,
        debug_router=True,
    )
    assert (settings.strategies.default, settings.strategies.groups) == ("least_loaded", {"code": "round_robin"})
    assert [rule.name for rule in settings.metadata] == ["urgent"]
    assert (list(settings.capabilities), list(settings.redundant), list(settings.chains)) == (
        ["code"], ["shared"], ["default"],
    )  # fmt: skip
    assert (settings.sizes[0].text, settings.warm, settings.rest.error_threshold) == ("8B - 13B", WarmSettings(), 3)
    assert settings.tags == TagSettings(enabled=True, match_any=False, tasks=True, unauthorized=True)
    assert ([task.name for task in settings.tasks.tasks], settings.tasks.long_context) == (
        ["vision", "act", "chat"], "act",
    )  # fmt: skip
    assert ([c.model for c in settings.semantic.categories], settings.semantic.fallback) == (
        ["org/coder", "big"], "general",
    )  # fmt: skip
    assert settings.server.master_key.reveal() == ENVIRON["MASTER"]
    assert (settings.server.max_request_bytes, settings.server.require_auth_for_metrics) == (8 * 1024 * 1024, True)
    assert settings.server.litellm_headers is True
    assert (settings.default_provider, settings.default_fallbacks) == ("fast", ("big",))


def test_an_exact_match_may_be_its_providers_name():
    """``NAME: PROVIDER`` is ``NAME: {provider: PROVIDER}``."""
    providers = {"ollama": {}}
    short, long = (
        from_mapping({"providers": providers, "exact_matches": {"m": m}}) for m in ("ollama", {"provider": "ollama"})
    )

    assert short == long


def test_settings_compile_to_a_topology(loading):
    """What loading gives, routing takes: every public name is there."""
    topology = compile_topology(loading(WHOLE, environ=ENVIRON).settings)

    assert topology.public_names == ("llama3.1:8b", "big", "adapters", "org/coder", "any", "small", "shared")


def test_defaults_are_those_of_settings():
    """A configuration that says nothing of routing has the defaults, and our own headers only."""
    settings = from_mapping({"providers": {"ollama": {"models": ["x"]}}})

    assert settings.router == RouterSettings()
    assert settings.server.litellm_headers is False


def test_litellms_two_sections_overlap():
    """``request_timeout`` counts before the router's timeout; for the rest the router's section counts."""
    loaded = load_mapping(
        {
            "providers": {"ollama": {"models": ["x"]}},
            "router_settings": {"timeout": 30, "num_retries": 1, "allowed_fails": 2},
            "litellm_settings": {"request_timeout": 10, "num_retries": 5, "allowed_fails": 2, "cooldown_time": 7},
        },
        environ={},
    )

    assert loaded.settings.router == RouterSettings(timeout=10.0, num_retries=1, allowed_fails=2, cooldown_time=7.0)
    assert {f"{f.key}: {f.message}" for f in loaded.findings} == {
        "litellm_settings.num_retries: is not used: `router_settings.num_retries` counts",
        "router_settings.timeout: is not used: `litellm_settings.request_timeout` counts",
    }


@pytest.mark.parametrize(
    "mapping", [{"debug": True}, {"debug_router": True}, {"router_settings": {"debug_router": True}}]
)
def test_three_switches_turn_on_the_router_lines(mapping):
    """``debug`` and ``debug_router`` at the top, and ``router_settings.debug_router``, mean the same."""
    assert from_mapping({"providers": {"ollama": {"models": ["x"]}}, **mapping}).router.debug_router is True


def test_an_error_lists_every_finding_one_a_line(tmp_path):
    """``load_or_raise`` raises one ConfigurationError whose text is all findings with file and line."""
    file = tmp_path / "a.yaml"
    file.write_text("model_lst: []\nrouter_settings:\n  timout: 1\n")

    with pytest.raises(ConfigurationError) as caught:
        load_or_raise([file], environ={})

    assert str(caught.value).splitlines() == [
        f"{file}:1:1: error: model_lst: unknown key `model_lst` (did you mean `model_list`?)",
        f"{file}:3:3: error: router_settings.timout: unknown key `timout` (did you mean `timeout`?)",
    ]


def test_a_mapping_has_findings_without_lines():
    """``from_mapping`` names the key, and whatever the caller calls the mapping."""
    with pytest.raises(ConfigurationError, match=r"^discovery: error: modle_list: unknown key"):
        from_mapping({"modle_list": []}, name="discovery")


def test_files_are_told_by_their_own_names_and_lines(tmp_path):
    """With several files, each finding has the file and line it is about."""
    (tmp_path / "1.yaml").write_text(
        "router_settings: {timeout: 30}\nmodel_list:\n  - {model_name: a, litellm_params: {model: ollama/a}}\n"
    )
    (tmp_path / "2.yaml").write_text(
        "model_list:\n  - model_name: b\n    litellm_params: {model: olama/b}\nrouter_settings:\n  timeout: 60\n"
    )
    found = [(Path(f.file).name, f.line, f.key) for f in load([tmp_path], environ={}).findings]

    assert found == [("2.yaml", 3, "model_list[1].litellm_params.model"), ("2.yaml", 5, "router_settings.timeout")]


def test_one_broken_file_does_not_make_names_of_others_unknown(tmp_path):
    """If a file can't be read, what it may define is only a warning."""
    (tmp_path / "1.yaml").write_text("model_list: [")
    (tmp_path / "2.yaml").write_text("router_settings: {fallbacks: [{a: [b]}]}\n")
    loaded = load([tmp_path], environ={})

    assert [f.severity for f in loaded.findings] == ["error", "warning", "warning"]
    assert loaded.settings is None


def test_no_files_is_nothing_to_serve():
    """Without any file there is no deployment, and that is an error."""
    assert [f.message for f in load([], environ={}).findings] == ["there is no deployment: nothing could be served"]


@pytest.mark.parametrize("raw", [None, [], "text", 5])
def test_a_mapping_is_needed(raw):
    """Anything but a mapping is a ConfigurationError."""
    with pytest.raises(ConfigurationError):
        from_mapping(raw)


SECRET = st.text(alphabet="qXz9#{}%\"'\\é ", min_size=6, max_size=20).map(lambda s: f"S{s}T")


@given(SECRET, st.sampled_from(["api_key", "master", "environment", "inside", "own", "everywhere"]), st.booleans())
def test_no_finding_and_no_repr_repeats_a_secret(secret, where, broken):
    """Keys, master keys and values of variables are in no message, no suggestion, no path and no repr."""
    environ = {"V": secret}
    value = {"environment": "os.environ/V", "inside": "x${V}y", "own": "${OWN}"}.get(where, secret)
    named = where in ("environment", "inside", "own")
    mapping = {
        "model_list": [
            {
                "model_name": value if named else "m",
                "litellm_params": {
                    "model": "olama/x" if broken else "ollama/x",
                    "api_key": value,
                    "rpm": "x" if broken else 1,
                },
            }
        ],
        "providers": {
            "o": {
                "kind": value if where == "environment" else "vllm",
                "api_key": value,
                "base_url": "x" if broken else "http://h",
            }
        },
        "general_settings": {"master_key": value, "default_provider": value if where == "inside" else None},
        "router_settings": {
            "routing_strategy": value if where == "own" else None,
            "fallbacks": [{value: [value]}] if where == "inside" else None,
        },
    }
    if where == "own":
        mapping["environment_variables"] = {"OWN": secret}
    loaded = load_mapping(mapping, environ=environ)
    printed = "\n".join(str(f) for f in loaded.findings) + repr(loaded.findings)
    if loaded.settings is not None:
        printed += repr(loaded.settings.providers) + repr(loaded.settings.server)

    assert secret not in printed
    assert repr(secret)[1:-1] not in printed
