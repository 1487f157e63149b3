"""Where an entry of ``model_list`` is served."""

# ruff: noqa: E501  a table is read row by row
from __future__ import annotations

import pytest

from pointsman.config import kinds
from pointsman.config.load import load_mapping

KEYED = {"OPENAI_API_KEY": "sk-from-environment", "GROQ_API_KEY": "gsk-from-environment"}


def load_entry(params, providers=None, environ=KEYED):
    mapping = {"model_list": [{"model_name": "m", "litellm_params": params}], "providers": providers or {}}
    return load_mapping(mapping, environ=environ)


def placed(params, providers=None, environ=KEYED):
    loaded = load_entry(params, providers, environ)
    assert loaded.settings is not None, loaded.findings
    deployment = loaded.settings.deployments[0]
    provider = deployment.provider
    return provider.name, provider.kind, provider.base_url, deployment.model


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"model": "ollama/llama3.1:8b"}, ("ollama", "ollama", "http://127.0.0.1:11434", "llama3.1:8b")),
        ({"model": "ollama_chat/x"}, ("ollama", "ollama", "http://127.0.0.1:11434", "x")),
        ({"model": "vllm/org/x"}, ("vllm", "vllm", "http://127.0.0.1:8001", "org/x")),
        ({"model": "hosted_vllm/x", "api_base": "http://h:8000/v1"}, ("vllm", "vllm", "http://h:8000", "x")),
        ({"model": "llamacpp/x"}, ("llama_cpp_native", "llama_cpp_native", "http://127.0.0.1:8080", "x")),
        ({"model": "llama-cpp/x"}, ("llama_cpp_native", "llama_cpp_native", "http://127.0.0.1:8080", "x")),
        ({"model": "llama_cpp_python/x"}, ("llama_cpp_python", "llama_cpp_python", "http://127.0.0.1:8000", "x")),
        ({"model": "openai/gpt-4o"}, ("openai", "openai", "https://api.openai.com", "gpt-4o")),
        ({"model": "gpt-4o"}, ("openai", "openai", "https://api.openai.com", "gpt-4o")),
        ({"model": "x", "api_base": "https://pod1/v1"}, ("openai", "openai", "https://pod1", "x")),
        ({"model": "text-completion-openai/x"}, ("openai", "openai", "https://api.openai.com", "x")),
        ({"model": "groq/llama"}, ("groq", "groq", "https://api.groq.com/openai", "llama")),
        ({"model": "x", "custom_llm_provider": "ollama"}, ("ollama", "ollama", "http://127.0.0.1:11434", "x")),
        (
            {"model": "org/x", "custom_llm_provider": "hosted_vllm", "base_url": "http://h:1/v1/"},
            ("vllm", "vllm", "http://h:1", "org/x"),
        ),
        (
            {"model": "remodlai/nova", "custom_llm_provider": "remodlai", "api_base": "https://n/v1"},
            ("remodlai", "remodlai", "https://n", "nova"),
        ),
        (
            {"model": "meta-llama/x", "api_base": "https://n/v1"},
            ("openai_compatible", "openai_compatible", "https://n", "meta-llama/x"),
        ),
        (
            {"model": "google/gemma", "api_base": "https://n/v1"},
            ("openai_compatible", "openai_compatible", "https://n", "google/gemma"),
        ),
    ],
)
def test_the_prefix_says_what_speaks_there(params, expected):
    """Prefix, custom_llm_provider and address together give the provider and its own name for the model."""
    assert placed(params) == expected


LOCAL = {"box": {"kind": "ollama", "base_url": "http://box:11434", "models": ["llama3", "org/odd"]}}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"model": "box/x"}, ("box", "x")),
        ({"model": "ollama/x"}, ("box", "x")),
        ({"model": "ollama/x", "api_base": "http://box:11434/"}, ("box", "x")),
        ({"model": "ollama/x", "api_base": "http://other:11434"}, ("ollama", "x")),
        ({"model": "box/x", "api_base": "http://other:11434"}, ("box-2", "x")),
        ({"model": "llama3"}, ("box", "llama3")),
        ({"model": "org/odd"}, ("box", "org/odd")),
        ({"model": "openai/x", "api_base": "http://box:11434/v1"}, ("openai", "x")),
    ],
)
def test_a_named_provider_is_used_before_one_is_implied(params, expected):
    """A provider is found by its name, its address, its kind or its models; another address is another provider."""
    name, _, _, model = placed(params, LOCAL)

    assert (name, model) == expected


def test_one_address_may_be_written_in_several_ways():
    """``openai/`` with a vLLM server's address is that server: the wire format is the same."""
    assert (
        placed(
            {"model": "openai/x", "api_base": "http://v:1/v1"}, {"fast": {"kind": "vllm", "base_url": "http://v:1"}}
        )[0]
        == "fast"
    )


def test_a_key_of_its_own_makes_a_place_of_its_own():
    """The same address with another key is another provider; without a key the named one's is used."""
    named = {"gpt": {"kind": "openai", "api_key": "sk-one"}}

    assert placed({"model": "gpt/x"}, named)[0] == "gpt"
    assert placed({"model": "gpt/x", "api_key": "sk-one"}, named)[0] == "gpt"
    assert placed({"model": "gpt/x", "api_key": "sk-two"}, named)[:3] == ("gpt-2", "openai", "https://api.openai.com")


def test_implied_providers_are_numbered_in_document_order():
    """The first address of a kind has the kind's name, the next ones numbers; the same address is the same provider."""
    urls = ["http://a:1", "http://b:1", "http://a:1/v1", "http://c:1"]
    entries = [{"model_name": "m", "litellm_params": {"model": "ollama/x", "api_base": url}} for url in urls]
    settings = load_mapping({"model_list": entries}, environ={}).settings

    assert [d.provider.name for d in settings.deployments] == ["ollama", "ollama-2", "ollama", "ollama-3"]
    assert settings.providers == {}


def test_keys_come_from_the_environment_for_public_addresses_only():
    """OPENAI_API_KEY is sent to OpenAI, and never to an address that a configuration made up."""

    def key(params):
        return load_entry(params).settings.deployments[0].provider.api_key

    assert key({"model": "openai/x"}).reveal() == "sk-from-environment"
    assert key({"model": "groq/x"}).reveal() == "gsk-from-environment"
    assert key({"model": "openai/x", "api_base": "http://evil/v1"}) is None
    assert key({"model": "groq/x", "api_base": "http://evil/v1"}) is None
    assert key({"model": "openai/x", "api_key": None}) is None


def test_a_named_provider_takes_the_environments_key_unless_it_says_otherwise():
    """A named OpenAI has OPENAI_API_KEY, with its own key that one, with an explicit null none."""

    def key(**section):
        return load_mapping({"providers": {"openai": section}}, environ=KEYED).settings.providers["openai"].api_key

    assert key().reveal() == "sk-from-environment"
    assert key(api_key="sk-own").reveal() == "sk-own"
    assert key(api_key=None) is None
    assert key(base_url="http://elsewhere") is None


def test_a_prefix_keeps_its_meaning_at_an_address_of_its_own():
    """With an api_base, a known prefix says what speaks there, even if a provider has that name."""
    named = {"groq": {"kind": "ollama", "base_url": "http://box:1"}}

    assert placed({"model": "groq/x"}, named)[:3] == ("groq", "ollama", "http://box:1")
    assert placed({"model": "groq/x", "api_base": "http://y"}, named)[:3] == ("groq-2", "groq", "http://y")


def test_one_address_may_speak_two_wire_formats():
    """A named provider is another one's only if they speak the same."""
    named = {"mixed": {"kind": "openai_compatible", "base_url": "http://box:1"}}

    assert placed({"model": "vllm/x", "api_base": "http://box:1"}, named)[0] == "mixed"
    assert placed({"model": "anthropic/x", "api_base": "http://box:1"}, named)[:2] == ("anthropic", "anthropic")


def test_openai_is_not_somebody_elses_public_address():
    """``openai/`` does not mean a provider of the same wire format at Groq's address."""
    assert placed({"model": "openai/x"}, {"fast": {"kind": "groq"}})[2] == "https://api.openai.com"


@pytest.mark.parametrize(
    ("params", "providers", "message", "suggestion"),
    [
        ({"model": "vertex_ai/command"}, {}, "`vertex_ai/` is not supported by this version", ""),
        ({"model": "triton/x", "api_base": "h:1/generate"}, {}, "has no scheme; write http://HOST:PORT", ""),
        ({"model": "ollama/x"}, {"t": {"kind": "triton", "base_url": "http://h/v2/models/x/generate"}}, "names an endpoint; write only what stands before it", ""),
        ({"model": "triton/x", "triton_backend": "vlm"}, {}, "unknown word `vlm`", "did you mean `vllm`?"),
        ({"model": "triton/x", "chat_template": "llama-3"}, {}, "unknown word `llama-3`", "did you mean `llama3`?"),
        ({"model": "x", "custom_llm_provider": "vertex_ai"}, {}, "`vertex_ai/` is not supported by this version", ""),
        ({"model": "olama/x"}, {}, "prefix `olama` is not known, and there is no api_base", "did you mean `ollama`?"),
        ({"model": "org/x"}, {}, "prefix `org` is not known, and there is no api_base", "add api_base, or one of the known prefixes"),
        ({"model": "x", "custom_llm_provider": "remodlai"}, {}, "is required with custom_llm_provider `remodlai`", ""),
        ({"model": "openai_like/x"}, {}, "is required with the prefix `openai_like/`", ""),
        ({"model": "ollama/"}, {}, "expected PREFIX/MODEL with something on both sides", ""),
        ({"model": "ollama/", "custom_llm_provider": "ollama"}, {}, "names no model", ""),
        ({"model": "ollama/x", "api_base": "http://u:p@h"}, {}, "has a user name or password in it; use api_key", ""),
        ({"model": "ollama/x", "api_base": "http://a", "base_url": "http://b"}, {}, "says something else than `api_base`", "keep one of the two"),
        ({"model": "ollama/x", "api_key": "two words"}, {}, "has characters that can't be sent in a header", ""),
        ({"model": "ollama/x"}, {"o": {"kind": "olama"}}, "unknown kind `olama`", "did you mean `ollama`?"),
        ({"model": "ollama/x"}, {"o": {"base_url": "http://h"}}, "is required", ", ".join(kinds.COMMON)),
        ({"model": "ollama/x"}, {"o": {"kind": "openai_compatible"}}, "is required for this kind", ""),
        ({"model": "ollama/x"}, {"o": {"kind": "vertex_ai"}}, "providers of kind `vertex_ai` are not supported by this version", ""),
        ({"model": "ollama/x"}, {"a/b": {"kind": "vllm"}}, "a provider's name has letters, digits, `_`, `-` and `.` only, 64 at most", ""),
    ],
)  # fmt: skip
def test_an_address_that_nobody_can_tell_is_an_error(params, providers, message, suggestion):
    """Unknown, unserved and contradictory addresses are errors that say what to write."""
    errors = [(f.message, f.suggestion) for f in load_entry(params, providers).findings if f.severity == "error"]

    assert errors == [(message, suggestion)]


@pytest.mark.parametrize("section", [{"kind": "nonsense"}, {"kind": "openai", "base_url": "${NOPE}"}, 5])
def test_an_error_of_a_provider_is_told_once(section):
    """Entries that name a provider with an error add none of their own."""
    loaded = load_entry({"model": "openai/x"}, {"openai": section}, environ={})

    assert len(loaded.findings) == 1
    assert loaded.findings[0].key.startswith("providers.openai")


def test_several_providers_of_the_kind_are_told():
    """A prefix that may mean several providers takes the first, and says so."""
    loaded = load_entry(
        {"model": "ollama/x"},
        {"a": {"kind": "ollama", "base_url": "http://a"}, "b": {"kind": "ollama", "base_url": "http://b"}},
    )

    assert loaded.settings.deployments[0].provider.name == "a"
    assert "`ollama/` may mean several providers; `a` is used" in [f.message for f in loaded.findings]


@pytest.mark.parametrize(
    ("name", "section", "expected"),
    [
        ("ollama", None, ("ollama", "http://127.0.0.1:11434")),
        ("vllm", {}, ("vllm", "http://127.0.0.1:8001")),
        ("llama_cpp_python", {}, ("llama_cpp_python", "http://127.0.0.1:8000")),
        ("fast", {"type": "vllm", "api_base": "http://h:8000/v1/"}, ("vllm", "http://h:8000")),
        ("groq", {}, ("groq", "https://api.groq.com/openai")),
        ("g", {"kind": "groq"}, ("groq", "https://api.groq.com/openai")),
        ("x", {"kind": "llama.cpp"}, ("llama_cpp_native", "http://127.0.0.1:8080")),
    ],
)
def test_a_provider_needs_little(name, section, expected):
    """A name that is a kind is enough; ``type`` and ``api_base`` are understood; usual ports fill the gaps."""
    provider = load_mapping({"providers": {name: section}}, environ=KEYED).settings.providers[name]

    assert (provider.kind, provider.base_url) == expected
