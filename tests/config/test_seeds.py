"""The documents' YAML blocks, as they are written there: each loads alone, and each in the service it belongs to.

``seeds/D-NN-….yaml`` is block NN of document D.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pointsman.config.load import load
from pointsman.config.settings import TagSettings

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.yaml"))
DEPLOYMENTS = sorted((Path(__file__).parent / "seeds").glob("*.json"))
"""What document 1 has a page for: ``litellm_params`` as JSON, several of them under a line of comment each."""

WAITING = {"2-26-router-settings": ["router_settings.redis_host", "router_settings.redis_port"]}
"""Keys of each block that are known and not acted on."""

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

    waiting = [f.key for f in loaded.findings if "not acted on by this version" in f.message]
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
    """The three deployments beside both blocks of settings: nothing is doubted but the switch that is needless."""
    file = tmp_path / "adapters.yaml"
    entries = "".join(
        f"- model_name: nova-embeddings-v1\n  litellm_params: {text}\n"
        for file in DEPLOYMENTS[:3]
        for text in params(file)
    )
    file.write_text(f"model_list:\n{entries}")
    blocks = [file for file in SEEDS if file.stem in ("1-01-router-settings", "1-02-litellm-settings")]
    loaded = load([*blocks, file], environ={})

    assert [(f.severity, f.key) for f in loaded.findings] == [("info", "litellm_settings.drop_params")]
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
    assert settings.alias_groups["general_chat"] == ("llama3.1-ollama", "llama2-13b-vllm", "llama-cpp-python")
    assert settings.fallbacks == {
        "llama3.1:8b": ("llama3.1-backup", "llama-cpp-python"),
        "llama2-13b-vllm": ("llama3.1-ollama",),
    }


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
    """At its own server, which speaks as OpenAI does."""
    (made,) = block("4-03-tensorrt").deployments

    assert (made.model_name, made.model) == ("zoe-action-tensorrt", "hermes3-optimized")
    assert (made.provider.kind, made.provider.base_url) == ("openai_compatible", "http://localhost:8001")
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
