"""The documents' YAML blocks, as they are written there: each loads alone, and each in the service it belongs to.

``seeds/D-NN-….yaml`` is block NN of document D.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pointsman.config.load import load

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.yaml"))
WAITING = {"2-26-router-settings": ["router_settings.redis_host", "router_settings.redis_port"]}
"""Keys of each block that are known and not acted on."""

DOCUMENTS = Path(__file__).parents[3] / "shared" / "seeds"


def short(file: Path) -> str:
    return file.stem


def test_all_blocks_are_here():
    """Twenty-eight blocks of the routing configuration, three of task routing, one of the specialised models."""
    assert [sum(file.name.startswith(f"{d}-") for file in SEEDS) for d in "124"] == [3, 28, 1]


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
    """Word for word, where the documents are beside the project. (The fourth has its block among other text.)"""
    for document in DOCUMENTS.glob("[12]-*.md"):
        printed = re.findall(r"^```yaml\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
        assert [file.read_text() for file in SEEDS if file.name.startswith(document.name[:2])] == printed


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


def test_blocks_that_belong_together_serve_together():
    """Model list, exact matches and patterns in three files, with the providers they name, are fit to serve."""
    files = [f for f in SEEDS if f.stem in ("2-01-exact-matches", "2-02-model-list", "2-03-patterns")]
    providers = Path(__file__).parent / "providers.yaml"
    loaded = load([*files, providers], environ={})

    assert [f for f in loaded.findings if f.severity == "error"] == []
    assert list(loaded.settings.providers) == ["vllm", "ollama"]
    assert loaded.settings.sources == tuple(str(f) for f in (*files, providers))
