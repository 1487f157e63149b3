"""The documents' YAML blocks, as they are written there: each loads alone, and each in the service it belongs to.

``seeds/D-NN-….yaml`` is block NN of document D.
"""

from __future__ import annotations

import json
import re
from math import inf
from pathlib import Path

import msgspec
import pytest
import yaml

from pointsman.config.findings import Report
from pointsman.config.load import load
from pointsman.config.settings import (
    Capability,
    ChainMember,
    ProviderShare,
    RestSettings,
    Strategies,
    TagSettings,
    WarmSettings,
    Weights,
)
from pointsman.config.sources import read_all
from pointsman.model.condition import ALWAYS, Compare, Condition, Fact
from pointsman.routing.topology import compile_topology

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.yaml"))
DEPLOYMENTS = sorted((Path(__file__).parent / "seeds").glob("*.json"))
"""What document 1 has a page for: ``litellm_params`` as JSON, several of them under a line of comment each."""

WAITING = {"2-26-router-settings": ["router_settings.redis_host", "router_settings.redis_port"]}
"""Keys of each block that are known and not used yet."""

DOCUMENTS = Path(__file__).parents[3] / "shared" / "seeds"


def short(file: Path) -> str:
    return file.stem


def test_all_blocks_are_here():
    """Twenty-eight blocks of the routing configuration, three of task routing, three of the specialised models."""
    assert [sum(file.name.startswith(f"{d}-") for file in SEEDS) for d in "124"] == [3, 28, 3]


@pytest.mark.parametrize("file", SEEDS, ids=short)
def test_every_block_loads_alone(file):
    """Alone, a block has no error; what it names elsewhere and what is not acted on yet are warnings with a line."""
    loaded = load([file], environ={}, standalone=True)

    assert loaded.settings is not None, loaded.findings
    assert all(f.severity != "error" and f.line > 0 and f.file == str(file) for f in loaded.findings)


@pytest.mark.parametrize("file", SEEDS, ids=short)
def test_a_key_that_is_not_acted_on_says_so(file):
    """A block is never silent about what this version does nothing with."""
    loaded = load([file], environ={}, standalone=True)

    told = ("not acted on by this version", "is not used yet")
    waiting = [f.key for f in loaded.findings if any(words in f.message for words in told)]
    assert waiting == WAITING.get(file.stem, [])


def test_the_blocks_are_those_of_the_documents():
    """Word for word, where the documents are beside the project."""
    for document in DOCUMENTS.glob("[12]-*.md"):
        printed = re.findall(r"^```yaml\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
        assert [file.read_text() for file in SEEDS if file.name.startswith(document.name[:2])] == printed
    for document in DOCUMENTS.glob("1-*.md"):
        printed = re.findall(r"^```json\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
        assert [file.read_text() for file in DEPLOYMENTS] == [text for text in printed if "api_base" in text]
    for document in DOCUMENTS.glob("4-*.md"):
        text = document.read_text()
        assert all(file.read_text() in text for file in SEEDS if file.name.startswith("4-"))


def params(file):
    """The JSON texts of a block, one for each deployment."""
    text = file.read_text()
    if "//" not in text.replace("://", ""):
        return [text]
    return [line for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("text", [text for file in DEPLOYMENTS for text in params(file)])
def test_what_a_page_takes_is_a_deployment_as_a_file_too(text, tmp_path):
    """JSON is YAML; without a public name a deployment goes by its model's, beside one it is one more of that name."""
    file = tmp_path / "deployment.yaml"
    file.write_text(text)
    (alone,) = load([file], environ={}).settings.deployments
    file.write_text(f"model_list:\n- model_name: nova-embeddings-v1\n  litellm_params: {text}\n")
    (named,) = load([file], environ={}).settings.deployments
    said = json.loads(text)

    assert (alone.model_name, named.model_name) == (said["model"], "nova-embeddings-v1")
    for made in (alone, named):
        assert (made.model, made.tags) == (said["model"], tuple(said["tags"]))
        assert made.provider.base_url == said["api_base"].removesuffix("/v1")
        assert made.params == {}


def test_the_adapters_of_document_1_are_told_apart_by_tags(tmp_path):
    """The three deployments beside both blocks of settings: nothing is doubted."""
    file = tmp_path / "adapters.yaml"
    entries = "".join(
        f"- model_name: nova-embeddings-v1\n  litellm_params: {text}\n"
        for file in DEPLOYMENTS[:3]
        for text in params(file)
    )
    file.write_text(f"model_list:\n{entries}")
    blocks = [file for file in SEEDS if file.stem in ("1-01-router-settings", "1-02-litellm-settings")]
    loaded = load([*blocks, file], environ={})

    assert loaded.findings == ()
    assert all(d.drop_params for d in loaded.settings.deployments)
    assert loaded.settings.tags == TagSettings(enabled=True, tasks=True)
    assert [d.tags for d in loaded.settings.deployments] == [
        ("retrieval", "retrieval.query", "retrieval.passage"),
        ("text-matching",),
        ("code", "code.query", "code.passage"),
    ]


def block(name):
    return load([file for file in SEEDS if file.stem == name], environ={}, standalone=True).settings


def test_exact_matches_say_what_the_document_says():
    """``llama3.1:8b`` goes to ollama, without a fallback."""
    rule = block("2-01-exact-matches").exact["llama3.1:8b"]

    assert (rule.provider, rule.fallback, rule.description) == ("ollama", None, "General-purpose chat model")


def test_the_model_list_says_what_the_document_says():
    """``llama3.1:8b`` is Ollama's model of that name on port 11434."""
    deployment = block("2-02-model-list").deployments[0]

    assert (deployment.model_name, deployment.model, deployment.provider.kind, deployment.provider.base_url) == (
        "llama3.1:8b", "llama3.1:8b", "ollama", "http://127.0.0.1:11434",
    )  # fmt: skip


def test_the_patterns_say_what_the_document_says():
    """With or without the section's name, patterns keep their order and their backslashes."""
    assert [(p.pattern, p.provider, p.fallback) for p in block("2-04-pattern").patterns] == [
        ("^meta-llama/.*", "vllm", "ollama"),
        ("^mistralai/.*", "vllm", "ollama"),
    ]
    assert block("2-05-pattern").patterns[0].pattern == r".*:\d+[bB]$"
    assert block("2-06-pattern").patterns[0].pattern == r".*\.gguf$"


def test_the_complete_configuration_is_understood():
    """Every value of the complete router_settings that this version acts on is taken."""
    settings = block("2-26-router-settings")
    router = settings.router

    assert (router.allowed_fails, router.num_retries, router.timeout, router.cooldown_time) == (3, 2, 30.0, 60.0)
    assert settings.strategies.default == "usage-based-routing"
    assert settings.alias_groups["general_chat"] == ("llama3.1-ollama", "llama2-13b-vllm", "llama-cpp-python")
    assert settings.fallbacks == {
        "llama3.1:8b": ("llama3.1-backup", "llama-cpp-python"),
        "llama2-13b-vllm": ("llama3.1-ollama",),
    }


def test_the_capabilities_say_what_the_document_says():
    """With or without the section's name; whose strategies are known by other words is known by ours."""
    blocks = ("07-capabilities", "09-high-throughput", "10-low-latency", "11-general-chat", "12-large-context")
    several = [block(f"2-{name}").capabilities for name in blocks]
    code, throughput, latency, chat, context = (next(iter(named.values())) for named in several)

    assert code == Capability(
        "code_generation", ("qwen2.5-coder:7b", "deepseek-coder-v2"), ("ollama",), strategy="round_robin",
        description="Models specialized for code",
    )  # fmt: skip
    assert block("2-08-code-generation").capabilities == {
        "code_generation": msgspec.structs.replace(code, description="")
    }
    assert (throughput.min_size, throughput.providers, throughput.strategy) == (13.0, ("vllm",), "least_loaded")
    assert (latency.providers, latency.fallback, latency.strategy) == (
        ("llama_cpp_native",), "llama_cpp_python", "fastest_response",
    )  # fmt: skip
    assert (chat.models, chat.providers, chat.strategy) == (("llama3.1:8b", "llama2-13b-vllm"), (), "usage_based")
    assert (context.min_context, context.providers, context.strategy) == (
        8192, ("llama_cpp_python", "vllm"), "most_capacity",
    )  # fmt: skip


def test_the_strategies_say_what_the_document_says():
    """Each block alone; the one without a place of its own is the default."""
    assert block("2-13-round-robin").strategies.groups == dict.fromkeys(
        ("general_chat", "code_generation"), "round_robin"
    )
    assert block("2-14-least-loaded").strategies.groups == {"high_throughput": "least_loaded"}
    assert block("2-15-usage-based").strategies == Strategies("usage_based", weights=Weights(0.4, 0.4, 0.2))
    assert block("2-16-fastest-response").strategies == Strategies(
        groups={"low_latency": "fastest_response"}, measure="time_to_first_token"
    )


def test_redundant_models_and_sizes_say_what_the_document_says():
    """Shares of seven to three; three ranges that leave no gap."""
    sizes = block("2-21-model-size-routing").sizes

    assert block("2-17-redundant-models").redundant == {
        "llama3.1:8b": (ProviderShare("ollama", 0.7), ProviderShare("llama_cpp_python", 0.3))
    }
    assert [(r.least, r.above, r.most, r.below, r.provider, r.fallback) for r in sizes] == [
        (0.0, False, 8.0, True, "ollama", None),
        (8.0, False, 13.0, False, "ollama", "llama_cpp_python"),
        (13.0, True, inf, False, "vllm", "ollama"),
    ]


def test_the_chains_say_what_the_document_says():
    """Members in their order, with conditions, preferred models and retries."""
    blocks = ("18-fallback-chains", "19-code-generation", "20-high-availability")
    default, code, high = (block(f"2-{name}").chains for name in blocks)
    large = Condition('model_size >= "13B"', Compare(Fact("model_size"), ">=", 13.0))

    assert default["default"].members == (
        ChainMember("vllm", large), ChainMember("ollama", ALWAYS), ChainMember("llama_cpp_python", ALWAYS),
    )  # fmt: skip
    assert code["code_generation"].members == (
        ChainMember("ollama", model="qwen2.5-coder:7b"),
        ChainMember("llama_cpp_python", Condition("ollama_unavailable", Fact("ollama_unavailable"))),
    )
    assert [m.provider for m in high["high_availability"].members] == ["ollama", "llama_cpp_python", "llama_cpp_native"]
    assert (high["high_availability"].retries, high["high_availability"].delay) == (3, 0.5)


def test_rules_and_special_cases_say_what_the_document_says():
    """Three metadata rules in their order; warm providers, rate limits and errors with their times."""
    rules = block("2-22-request-metadata-routing").metadata

    assert [(r.name, r.provider, r.condition.root) for r in rules] == [
        ("high_priority_requests", "vllm", Compare(Fact("header.x-priority"), "==", "high")),
        ("batch_requests", "vllm", Compare(Fact("batch_size"), ">", 1.0)),
        ("streaming_requests", "ollama", Fact("stream")),
    ]
    assert block("2-23-first-request-routing").warm == WarmSettings(timeout=0.1)
    assert block("2-24-rate-limited-fallback").rest == RestSettings(rate_limited=60.0)
    assert block("2-25-error-based-routing").rest == RestSettings(error_threshold=3, error_window=300.0)


def test_the_whole_document_loads_in_several_files_and_in_one(tmp_path):
    """Both come to the same: sixteen sections, where the bare blocks stand in those that they belong to."""
    files = [file for file in SEEDS if file.name.startswith("2-")]
    several = load(files, environ={}, standalone=True)
    report = Report()
    whole = read_all(files, report).value
    one = tmp_path / "whole.yaml"
    one.write_text(yaml.safe_dump(whole, sort_keys=False))
    together = load([one], environ={}, standalone=True)

    assert not [f for f in (*several.findings, *together.findings) if f.severity == "error"]
    assert msgspec.structs.replace(several.settings, sources=()) == msgspec.structs.replace(
        together.settings, sources=()
    )
    assert list(together.settings.capabilities) == [
        "code_generation", "high_throughput", "low_latency", "general_chat", "large_context",
    ]  # fmt: skip
    assert list(together.settings.chains) == ["default", "code_generation", "high_availability"]
    assert len(whole) == 16
    assert compile_topology(together.settings).strategies.default == "usage-based-routing"


def test_the_specialised_models_keep_their_parameters():
    """Every parameter of the specialised models is carried, nothing is doubted."""
    file = next(f for f in SEEDS if f.stem == "4-01-model-list")
    loaded = load([file], environ={})

    assert loaded.findings == ()
    assert [(d.model_name, d.params) for d in loaded.settings.deployments] == [
        ("zoe-action", {"temperature": 0.6, "num_gpu": -1}),
        ("zoe-chat", {"temperature": 0.7, "num_gpu": 0}),
        ("zoe-vision", {"temperature": 0.7, "num_gpu": 99}),
        ("zoe-memory", {"temperature": 0.7, "num_gpu": 43}),
    ]


def test_every_ollama_parameter_stands_in_one_place():
    """GPU, context window, longest answer, stops, memory: all of them are carried, and named after the model."""
    (made,) = block("4-02-litellm-params").deployments

    assert (made.model_name, made.model) == ("ollama/hermes3:8b-llama3.1-q4_K_M", "hermes3:8b-llama3.1-q4_K_M")
    assert made.params == {
        "temperature": 0.6, "num_gpu": -1, "num_predict": 512, "num_ctx": 4096, "repeat_penalty": 1.1,
        "stop": ["\n\n", "User:"], "keep_alive": "30m",
    }  # fmt: skip


def test_the_tensorrt_entry_is_one_more_deployment():
    """At its own Triton server."""
    (made,) = block("4-03-tensorrt").deployments

    assert (made.model_name, made.model) == ("zoe-action-tensorrt", "hermes3-optimized")
    assert (made.provider.kind, made.provider.base_url) == ("triton", "http://localhost:8001")
    assert made.params == {"temperature": 0.6}


def test_the_strategy_of_document_4_is_understood(loading):
    """A line of a Python mapping is one of a YAML mapping in braces."""
    loaded = loading('router_settings: {\n"routing_strategy": "least-busy",  # Balance across replicas\n}\n')

    assert loaded.findings == ()
    assert loaded.settings.strategies.default == "least_loaded"


def test_blocks_that_belong_together_serve_together():
    """Model list, exact matches and patterns in three files, with the providers they name, are fit to serve."""
    files = [f for f in SEEDS if f.stem in ("2-01-exact-matches", "2-02-model-list", "2-03-patterns")]
    providers = Path(__file__).parent / "providers.yaml"
    loaded = load([*files, providers], environ={})

    assert [f for f in loaded.findings if f.severity == "error"] == []
    assert list(loaded.settings.providers) == ["vllm", "ollama"]
    assert loaded.settings.sources == tuple(str(f) for f in (*files, providers))
