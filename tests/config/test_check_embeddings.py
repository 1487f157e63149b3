"""Rules that would mix the vectors of two models are told, and only those."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping

RULES = "request_metadata_routing"
PROVIDERS = {
    "here": {"kind": "ollama", "models": ["nomic-embed-text", "llama3"]},
    "there": {"kind": "vllm", "base_url": "http://there", "default_model": "bge-m3"},
    "same": {"kind": "vllm", "base_url": "http://same", "default_model": "nomic-embed-text:latest"},
    "open": {"kind": "vllm", "base_url": "http://open"},
}


def mixed(*rules, **sections):
    """The messages of findings that speak of embeddings. A rule is a condition and a provider."""
    written = {f"r{n}": {"condition": text, "provider": place} for n, (text, place) in enumerate(rules)}
    loaded = load_mapping({"providers": PROVIDERS, RULES: written} | sections, environ={})
    assert loaded.settings is not None, loaded.findings
    told = [finding for finding in loaded.findings if "embedding" in finding.message]
    assert all(finding.severity == "warning" for finding in told)
    return [(finding.key, finding.message) for finding in told]


def told(name="nomic-embed-text", rule=0, default="bge-m3", provider="there"):
    text = f"sends embedding requests for `{name}` that meet it to `{default}`, the default of provider `{provider}`"
    return [(f"{RULES}.r{rule}.condition", f"{text}, and others not")]


@pytest.mark.parametrize(
    "condition",
    [
        'header.x-priority == "high"',
        "batch_size > 1",
        "here_unavailable",
        'endpoint == "embeddings" and batch_size > 8',
        'model == "nomic-embed-text" and tokens > 100',
        "stream or tokens > 100",
    ],
)
def test_a_rule_that_takes_some_embedding_requests_to_another_model_is_told(condition):
    """What is embedded in batches would not be found by single questions."""
    assert mixed((condition, "there")) == told()


@pytest.mark.parametrize(
    "rules",
    [
        [('header.x == "a" and endpoint != "embeddings"', "there")],
        [('header.x == "a" and endpoint in ["chat", "completions"]', "there")],
        [('header.x == "a" and model == "llama3"', "there")],
        [('header.x == "a"', "here")],
        [('header.x == "a"', "same")],
        [('header.x == "a"', "open")],
        [('endpoint == "embeddings"', "there")],
        [("always", "there")],
        [("batch_size < 1", "there")],
        [("batch_size > 1", "here"), ("batch_size > 5", "there")],
        [("batch_size > 5", "there"), ("batch_size <= 5", "there")],
    ],
)
def test_rules_that_mix_nothing_are_not_doubted(rules):
    """No embedding request meets them, all do, or the model stays the same."""
    assert mixed(*rules) == []


def test_the_first_rule_that_takes_them_is_told():
    """Not one that is passed before."""
    assert mixed(('tools and endpoint == "chat"', "there"), ("batch_size > 1", "there")) == told(rule=1)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"exact_matches": {"nomic-embed-text": "there"}}, []),
        ({"redundant_models": {"nomic-embed-text": {"providers": ["here", "there"]}}}, []),
        ({"exact_matches": {"vectors": {"provider": "here", "model": "e5-large"}}, "providers": {**PROVIDERS, "here": {"kind": "ollama"}}},
         told("vectors")),
        ({"model_list": [{"model_name": "vectors", "litellm_params": {"model": "openai/x"}, "model_info": {"mode": "embedding"}}],
          "providers": {**PROVIDERS, "here": {"kind": "ollama"}}},
         told("vectors")),
        ({"model_list": [{"model_name": "nomic-embed-text", "litellm_params": {"model": "vllm/bge-m3", "api_base": "http://x"}}]}, []),
        ({"router_settings": {"model_group_alias": {"any": ["nomic-embed-text", "shelved"]}},
          "providers": {**PROVIDERS, "there": {"kind": "vllm", "base_url": "http://there", "models": ["shelved"]}}},
         []),
        ({"providers": {**PROVIDERS, "there": {"kind": "vllm", "base_url": "http://there", "models": ["bge-m3", "nomic-embed-text"]}}}, []),
        ({"providers": {**PROVIDERS, "there": {"kind": "vllm", "base_url": "http://there", "models": ["llama3"]}}},
         told(default="llama3")),
        ({"providers": {**PROVIDERS, "here": {"kind": "ollama", "models": ["llama3", "gemma-2b", "mate5-large"]}}}, []),
    ],
)  # fmt: skip
def test_it_depends_on_who_serves_what(sections, expected):
    """Its provider serves the name, another one of its group, or the same model; or nobody embeds."""
    assert mixed(("batch_size > 1", "there"), **sections) == expected


def test_the_hint_leaves_embeddings_out():
    """And so it helps."""
    written = {"r": {"condition": "batch_size > 1", "provider": "there"}}
    loaded = load_mapping({"providers": PROVIDERS, RULES: written}, environ={})
    (suggestion,) = [f.suggestion for f in loaded.findings if "embedding" in f.message]
    assert suggestion == 'vectors of two models can\'t be compared; add: and endpoint != "embeddings"'
    assert mixed((f"batch_size > 1 {suggestion.partition('add: ')[2]}", "there")) == []


def test_not_more_rules_are_looked_at_than_takes_a_moment():
    """A hundred."""
    harmless = [(f"tokens == {n}", "open") for n in range(99)]
    assert mixed(*harmless, ("batch_size > 1", "there")) == told(rule=99)
    assert mixed(*harmless, ("tokens == 99", "open"), ("batch_size > 1", "there")) == []
