"""``semantic_router``: categories, servers that are said in place, encoders, thresholds and the fallback."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config.load import load_mapping
from pointsman.config.sections.content import STICKY
from pointsman.config.settings import Category, EncoderSettings
from pointsman.model.secret import Secret

MODELS = [{"model_name": name, "litellm_params": {"model": f"ollama/{name}"}} for name in ("coder", "plain")]


def load(section, environ=None, **sections):
    mapping = {"model_list": MODELS, "semantic_router": section, **sections}
    return load_mapping(mapping, environ=environ or {})


def read(section, **options):
    loaded = load(section, **options)
    assert loaded.settings is not None, loaded.findings
    return loaded.settings


def told(loaded):
    return [f"{f.severity} {f.key}: {f.message}" for f in loaded.findings]


def test_a_category_is_what_was_written():
    """A public name, examples, words, a threshold and a description; a text alone is the model."""
    section = {
        "threshold": 0.3,
        "categories": {
            "code": {
                "model": "coder",
                "utterances": ["write a function", ""],
                "keywords": ["python", "python"],
                "threshold": 0,
                "description": "programs",
            },
            "general": "plain",
        },
    }
    found = read(section).semantic

    assert found.categories == (
        Category("code", "coder", ("write a function",), ("python",), 0.0, "programs"),
        Category("general", "plain"),
    )
    assert (found.threshold, found.fallback, found.encoder, found.sticky) == (0.3, "general", EncoderSettings(), None)


def test_the_fallback_is_the_one_that_is_named():
    """Else the category called general, else none."""
    both = {"code": "coder", "general": "plain"}

    assert read({"fallback": "code", "categories": both}).semantic.fallback == "code"
    assert read({"categories": both}).semantic.fallback == "general"
    assert read({"categories": {"code": "coder"}}).semantic.fallback is None


def test_without_categories_there_is_no_router():
    """And that is told."""
    loaded = load({})

    assert loaded.settings.semantic is None
    assert told(loaded) == ["warning semantic_router: has no `categories`, and decides nothing"]


def test_a_server_in_place_makes_a_provider_and_a_deployment():
    """Named after the category and the model; the three servers of the example stand side by side."""
    section = {
        "categories": {
            "code": {
                "endpoint": "http://localhost:12346/v1",
                "model": "deepseek-ai/deepseek-coder-1.3b-instruct",
                "keywords": ["python"],
            },
            "math": {
                "api_base": "http://localhost:12347",
                "model": "Qwen/Qwen2.5-Math-1.5B-Instruct",
                "api_key": "k-1",
                "examples": ["solve the integral"],
            },
            "general": {"base_url": "http://localhost:12348/v1/", "model": "Qwen/Qwen2.5-1.5B-Instruct"},
        }
    }
    loaded = load_mapping({"semantic_router": section}, environ={})
    settings = loaded.settings

    assert loaded.findings == ()
    assert [(d.id, d.model_name, d.model) for d in settings.deployments] == [
        (f"{name}@{place}", name, name)
        for place, name in (
            ("code", "deepseek-ai/deepseek-coder-1.3b-instruct"),
            ("math", "Qwen/Qwen2.5-Math-1.5B-Instruct"),
            ("general", "Qwen/Qwen2.5-1.5B-Instruct"),
        )
    ]
    assert [(d.provider.kind, d.provider.base_url, d.provider.api_key) for d in settings.deployments] == [
        ("openai_compatible", "http://localhost:12346", None),
        ("openai_compatible", "http://localhost:12347", Secret("k-1")),
        ("openai_compatible", "http://localhost:12348", None),
    ]
    assert [c.model for c in settings.semantic.categories] == [d.model_name for d in settings.deployments]


def test_one_model_on_two_servers_is_two_names():
    """A category never shares the other's server; the same server twice is one deployment."""
    section = {
        "categories": {
            "a": {"endpoint": "http://h:1", "model": "coder"},
            "b": {"endpoint": "http://h:2", "model": "m"},
            "c": {"endpoint": "http://h:3", "model": "m"},
            "d": {"endpoint": "http://h:2", "model": "m"},
        }
    }
    settings = read(section)
    made = [(d.model_name, d.provider.base_url) for d in settings.deployments[len(MODELS) :]]

    assert made == [("coder@a", "http://h:1"), ("m", "http://h:2"), ("m@c", "http://h:3")]
    assert [c.model for c in settings.semantic.categories] == ["coder@a", "m", "m@c", "m"]


def test_a_prefix_says_what_speaks_at_the_server():
    """As in ``model_list``."""
    made = read({"categories": {"a": {"endpoint": "http://h:1", "model": "ollama/llama3.1:8b"}}}).deployments[-1]

    assert (made.provider.kind, made.model_name, made.model) == ("ollama", "llama3.1:8b", "llama3.1:8b")


@pytest.mark.parametrize(("value", "seconds"), [(True, STICKY), (False, None), (90, 90.0)])
def test_a_session_may_keep_its_category(value, seconds):
    """For an hour, or as long as is said."""
    assert read({"sticky": value, "categories": {"general": "plain"}}).semantic.sticky == seconds


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("lexical", EncoderSettings()),
        ({}, EncoderSettings()),
        ({"kind": "model2vec", "model": "potion-base-8M"}, EncoderSettings("model2vec", "potion-base-8M")),
        (
            {"kind": "Sentence_Transformers", "model": "all-MiniLM-L6-v2", "max_characters": 500},
            EncoderSettings("sentence-transformers", "all-MiniLM-L6-v2", most=500),
        ),
    ],
)
def test_encoders_have_their_kinds(encoder, expected):
    """In any usual spelling; the lexical one needs no word."""
    assert read({"encoder": encoder, "categories": {"general": "plain"}}).semantic.encoder == expected


@pytest.mark.parametrize(
    ("encoder", "place", "model"),
    [
        (
            {"kind": "http", "base_url": "http://h:9/v1", "model": "BAAI/bge-small", "timeout": 0.2},
            ("encoder", "openai_compatible", "http://h:9"),
            "BAAI/bge-small",
        ),
        (
            {"endpoint": "http://h:9", "model": "ollama/nomic-embed-text"},
            ("encoder", "ollama", "http://h:9"),
            "nomic-embed-text",
        ),
        (
            {"kind": "http", "model": "ollama/nomic-embed-text"},
            ("ollama", "ollama", "http://127.0.0.1:11434"),
            "nomic-embed-text",
        ),
        ({"provider": "box", "model": "bge-m3"}, ("box", "vllm", "http://box:8001"), "bge-m3"),
    ],
)
def test_an_encoder_may_be_a_server(encoder, place, model):
    """Said in place, by a prefix, or as a provider that is defined."""
    providers = {"box": {"kind": "vllm", "base_url": "http://box:8001"}}
    loaded = load({"encoder": encoder, "categories": {"general": "plain"}}, providers=providers)
    found = loaded.settings.semantic.encoder

    assert ("providers.box" in {f.key for f in loaded.findings}) is (place[0] != "box")
    assert found.kind == "http"
    assert (found.provider.name, found.provider.kind, found.provider.base_url) == place
    assert found.model == model
    assert found.timeout == encoder.get("timeout", EncoderSettings().timeout)


CATEGORIES = {"general": "plain"}


@pytest.mark.parametrize(
    ("section", "finding"),
    [
        ({"categories": {"a": "codr"}}, "error semantic_router.categories.a: `codr` is not defined here"),
        ({"categories": {"a": {"endpoint": "http://h:1"}}}, "error semantic_router.categories.a.model: is required"),
        ({"categories": {"a": {"endpoint": "h", "model": "m"}}}, "error semantic_router.categories.a.endpoint: has no scheme; write http://HOST:PORT"),
        ({"categories": {"a": {"api_base": "h", "model": "m"}}}, "error semantic_router.categories.a.api_base: has no scheme; write http://HOST:PORT"),
        ({"categories": {"a": {"model": "plain", "threshold": 1.2}}}, "error semantic_router.categories.a.threshold: must be at most 1"),
        ({"threshold": -0.1, "categories": CATEGORIES}, "error semantic_router.threshold: must be at least 0"),
        ({"fallback": "genral", "categories": CATEGORIES}, "error semantic_router.fallback: category `genral` is not defined here"),
        ({"encoder": "bert", "categories": CATEGORIES}, "error semantic_router.encoder: unknown encoder `bert`"),
        ({"encoder": "model2vec", "categories": CATEGORIES}, "error semantic_router.encoder.model: is required with an encoder of kind `model2vec`"),
        ({"encoder": {"kind": "http", "model": "m"}, "categories": CATEGORIES}, "error semantic_router.encoder.endpoint: is required"),
        ({"encoder": {"kind": "http", "model": "vertex_ai/m", "endpoint": "http://h"}, "categories": CATEGORIES}, "error semantic_router.encoder.model: `vertex_ai/` is not supported by this version"),
        ({"encoder": {"provider": "nobody", "model": "m"}, "categories": CATEGORIES}, "error semantic_router.encoder.provider: provider `nobody` is not defined here"),
        ({"encoder": {"kind": "http", "timout": 1}, "categories": CATEGORIES}, "error semantic_router.encoder.timout: unknown key `timout`"),
        ({"categories": {"a": "plain"}}, "warning semantic_router.categories.a: nothing in a request is like it"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_at_its_place(section, finding):
    """In the words of the file."""
    assert finding in told(load(section))


def test_a_key_never_shows():
    """Neither in findings nor in the settings' repr."""
    loaded = load({"categories": {"a": {"endpoint": "http://h:1", "model": "azure/x", "api_key": "sk-very-secret"}}})

    assert "sk-very-secret" not in repr(loaded)
