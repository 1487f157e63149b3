"""Providers that only rules name: what is meant by them, at which address, and what is told of it."""

from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping
from pointsman.fakes import request
from pointsman.runtime import Runtime


def load(mapping, **environ):
    return load_mapping(mapping, environ=environ)


def told(loaded):
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings]


def taken(word, url):
    return f"provider `{word}` is not defined here: it is taken to be at `{url}`"


def test_one_exact_match_is_a_whole_configuration():
    """It loads, tells where the provider is taken to be, and a request goes there."""
    loaded = load({"exact_matches": {"llama3:8b": "ollama"}})
    decision = Runtime(loaded.settings).decide(request("llama3:8b"))

    assert told(loaded) == [f"info exact_matches['llama3:8b']: {taken('ollama', 'http://127.0.0.1:11434')}"]
    assert (decision.choice.provider.kind, decision.choice.provider.base_url) == ("ollama", "http://127.0.0.1:11434")
    assert (decision.route, decision.upstream_model) == ("exact", "llama3:8b")


@pytest.mark.parametrize(
    ("word", "name", "kind", "url"),
    [
        ("ollama", "ollama", "ollama", "http://127.0.0.1:11434"),
        ("vllm", "vllm", "vllm", "http://127.0.0.1:8001"),
        ("vLLM", "vllm", "vllm", "http://127.0.0.1:8001"),
        ("llama-cpp", "llama_cpp_native", "llama_cpp_native", "http://127.0.0.1:8080"),
        ("llama_cpp_python", "llama_cpp_python", "llama_cpp_python", "http://127.0.0.1:8000"),
        ("lm_studio", "lm_studio", "lm_studio", "http://127.0.0.1:1234"),
    ],
)
@pytest.mark.parametrize("where", ["provider", "fallback", "pattern", "default"])
def test_well_known_servers_are_implied_wherever_a_rule_names_them(where, word, name, kind, url):
    """In any spelling, under one name, with an open deployment to serve what the rule sends there."""
    rules = {
        "provider": {"exact_matches": {"m": {"provider": word}}},
        "fallback": {"exact_matches": {"m": {"provider": "groq", "fallback": word}}},
        "pattern": {"patterns": [{"pattern": "^m", "provider": word}]},
        "default": {"default_provider": word},
    }
    loaded = load(rules[where], GROQ_API_KEY="groq-key")
    settings = loaded.settings
    named = {
        "provider": lambda: settings.exact["m"].provider,
        "fallback": lambda: settings.exact["m"].fallback,
        "pattern": lambda: settings.patterns[0].provider,
        "default": lambda: settings.default_provider,
    }

    assert named[where]() == name
    assert (settings.providers[name].kind, settings.providers[name].base_url) == (kind, url)
    assert name in [d.id for d in settings.deployments if d.model is None]
    assert taken(word, url) in [f.message for f in loaded.findings]


def test_a_public_provider_takes_its_key_from_the_environment():
    """As for a prefix of ``model_list``; without a key it is doubted, and no key is sent."""
    rule = {"patterns": [{"pattern": "^gpt-", "provider": "openai"}]}
    with_key, without = load(rule, OPENAI_API_KEY="sk-from-environment"), load(rule)
    note = f"info patterns[0].provider: {taken('openai', 'https://api.openai.com')}"

    assert with_key.settings.providers["openai"].api_key.reveal() == "sk-from-environment"
    assert told(with_key) == [note]
    assert without.settings.providers["openai"].api_key is None
    assert told(without) == [
        "warning patterns[0].provider: no api_key is given and `OPENAI_API_KEY` is not set: no key is sent",
        note,
    ]


def test_a_provider_that_is_defined_is_not_implied():
    """Not under its name, and not under another spelling of its kind: that one is told."""
    providers = {"box": {"kind": "vllm", "base_url": "http://box:8001"}}
    by_name = load({"providers": providers, "default_provider": "box"})
    by_kind = load({"providers": providers, "default_provider": "hosted_vllm"})

    assert told(by_name) == []
    assert told(by_kind) == ["info default_provider: provider `hosted_vllm` is not defined here: `box` is meant"]
    for loaded in (by_name, by_kind):
        assert list(loaded.settings.providers) == ["box"]
        assert loaded.settings.default_provider == "box"


@pytest.mark.parametrize(
    ("word", "notes"),
    [
        ("vllm", []),
        ("hosted_vllm", ["info default_provider: provider `hosted_vllm` is not defined here: `vllm` is meant"]),
    ],
)
def test_a_provider_that_model_list_implies_is_the_one_that_is_meant(word, notes):
    """Its address is the one that was said."""
    entry = {"model_name": "a", "litellm_params": {"model": "vllm/a", "api_base": "http://far:9000"}}
    loaded = load({"model_list": [entry], "default_provider": word})

    assert loaded.settings.default_provider == "vllm"
    assert {p.base_url for p in loaded.settings.providers.values()} == {"http://far:9000"}
    assert told(loaded) == notes


def test_several_of_a_kind_are_doubted():
    """The first is taken, as for a prefix of ``model_list``."""
    providers = {name: {"kind": "vllm", "base_url": f"http://{name}"} for name in ("x", "y")}
    loaded = load({"providers": providers, "default_provider": "vllm", "exact_matches": {"m": "y"}})

    assert loaded.settings.default_provider == "x"
    assert told(loaded) == [
        "warning default_provider: `vllm` may mean several providers; `x` is used",
        "info default_provider: provider `vllm` is not defined here: `x` is meant",
    ]


def test_many_rules_make_one_note():
    """The first place is told."""
    loaded = load({"exact_matches": dict.fromkeys("abcdef", "ollama")})

    assert [f.key for f in loaded.findings] == ["exact_matches.a"]


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("olama", "did you mean `ollama`?"),
        ("vlm", "did you mean `vllm`?"),
        ("llama-ccp", "did you mean `llama-cpp`?"),
        ("workstation", "add it to `providers`"),
        ("ollama_cloud", "add it to `providers`"),
        ("openai_compatible", "add it to `providers`"),
    ],
)
def test_a_name_that_means_nothing_stays_an_error(word, suggestion):
    """A slip of the pen has a suggestion; a provider that could be anywhere, or is not served, has to be defined."""
    loaded = load({"exact_matches": {"m": word}})

    assert loaded.settings is None
    assert [(f.severity, f.message, f.suggestion) for f in loaded.findings] == [
        ("error", f"provider `{word}` is not defined here", suggestion)
    ]


def test_a_provider_that_is_wrong_is_not_implied():
    """One mistake is one finding: where it stands."""
    loaded = load({"providers": {"ollama": {"base_url": "nowhere"}}, "exact_matches": {"m": "ollama"}})

    assert [f.key for f in loaded.findings] == ["providers.ollama.base_url"]


def test_the_name_of_an_implied_provider_is_no_id_of_another():
    """Its open deployment has that id, as that of a provider that is defined."""
    entry = {"model_name": "a", "litellm_params": {"model": "vllm/a"}, "model_info": {"id": "ollama"}}

    assert load({"model_list": [entry]}).settings is not None
    assert "error model_list[0].model_info.id: id `ollama` is taken, by another entry or a provider's name" in told(
        load({"model_list": [entry], "exact_matches": {"m": "ollama"}})
    )
