"""Without a configuration: what answers and what is set becomes one, and is told in sentences."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.discover import conclude, default_paths, discover, questions
from pointsman.config.load import from_mapping


def models(*ids, owner="x"):
    return 200, json.dumps({"object": "list", "data": [{"id": i, "owned_by": owner} for i in ids]}).encode()


def tags(*names):
    return 200, json.dumps({"models": [{"name": n} for n in names]}).encode()


PROPS = 200, b'{"default_generation_settings": {}}'
OLLAMA = "http://127.0.0.1:11434/api/tags"


def at(port, path="/v1/models"):
    return f"http://127.0.0.1:{port}{path}"


def test_only_loopback_is_asked():
    """Discovery never leaves the machine."""
    assert all(url.startswith("http://127.0.0.1:") for url in questions())
    assert {url.split(":")[2].split("/")[0] for url in questions()} == {"11434", "8000", "8001", "8080"}


@pytest.mark.parametrize(
    ("answers", "provider", "kind"),
    [
        ({OLLAMA: tags("llama3.1:8b")}, "ollama", "ollama"),
        ({at(8001): models("m", owner="vllm")}, "vllm", "vllm"),
        ({at(8000): models("m", owner="vllm")}, "vllm", "vllm"),
        ({at(8000): models("m"), at(8000, "/version"): (200, b'{"version": "0.9"}')}, "vllm", "vllm"),
        ({at(8080): models("m", owner="llamacpp")}, "llama_cpp_native", "llama_cpp_native"),
        ({at(8080): models("m"), at(8080, "/props"): PROPS}, "llama_cpp_native", "llama_cpp_native"),
        ({at(8000): models("m", owner="me")}, "llama_cpp_python", "llama_cpp_python"),
        ({at(8000): models("m", owner="somebody")}, "openai_compatible", "openai_compatible"),
    ],
)  # fmt: skip
def test_servers_are_told_apart_by_what_they_answer(answers, provider, kind):
    """The port is where to look; the answer says what is there."""
    found = conclude(answers, {})
    settings = from_mapping(found.mapping)

    assert found.found is True
    assert settings.default_provider == provider
    assert settings.providers[provider].kind == kind
    assert [d.provider.name for d in settings.deployments if d.model is not None] == [provider]


def test_everything_found_is_one_configuration():
    """Several servers and keys become providers, models, patterns and a default, fit to serve as they are."""
    answers = {
        OLLAMA: tags("nomic-embed-text", "llama3.1:8b"),
        at(8001): models("org/big", owner="vllm"),
        at(8000): models("llama3.1:8b", owner="vllm"),
    }
    environ = {"OPENAI_API_KEY": "sk-of-openai-12345", "GROQ_API_KEY": "gsk-of-groq-12345", "MISTRAL_API_KEY": ""}
    found = conclude(answers, environ)
    settings = from_mapping(found.mapping, environ=environ)

    assert list(settings.providers) == ["ollama", "vllm", "vllm-2", "openai", "groq"]
    assert settings.providers["openai"].api_key.reveal() == "sk-of-openai-12345"
    assert [(d.model_name, d.provider.name) for d in settings.deployments if d.model is not None] == [
        ("nomic-embed-text", "ollama"), ("llama3.1:8b", "ollama"), ("org/big", "vllm"), ("llama3.1:8b", "vllm-2"),
    ]  # fmt: skip
    assert settings.default_provider == "ollama"
    assert settings.providers["ollama"].default_model == "llama3.1:8b"
    assert [rule.provider for rule in settings.patterns] == ["openai"]
    assert found.sentences == (
        "Ollama at http://127.0.0.1:11434 serves 2 models: nomic-embed-text, llama3.1:8b.",
        "vLLM at http://127.0.0.1:8001 serves 1 model: org/big.",
        "vLLM at http://127.0.0.1:8000 serves 1 model: llama3.1:8b.",
        "No llama.cpp answers on 127.0.0.1, port 8000 and 8080.",
        "OPENAI_API_KEY is set: names like ^(gpt-|chatgpt-|o[0-9]|text-embedding-|davinci|babbage) go to openai.",
        "GROQ_API_KEY is set: groq is known; name its models in a configuration to use them.",
        "Names that nobody lists go to ollama.",
    )


def test_a_key_alone_is_enough():
    """With nothing but a key, its provider is the default."""
    found = conclude({}, {"GROQ_API_KEY": "gsk"})

    assert from_mapping(found.mapping, environ={"GROQ_API_KEY": "gsk-1234"}).default_provider == "groq"


def test_a_service_that_is_elsewhere_for_everybody_needs_its_address():
    """The environment's, with the version that it says; a key alone is told and nothing more."""
    environ = {"AZURE_API_KEY": "azure-key", "AZURE_API_BASE": "https://r.openai.azure.com"}
    settings = from_mapping(conclude({}, environ).mapping, environ=environ)
    assert settings.providers["azure"].base_url == "https://r.openai.azure.com/openai/v1"
    assert settings.providers["azure"].api_key.reveal() == "azure-key"

    alone = conclude({}, {"AZURE_API_KEY": "azure-key"})
    assert not alone.found
    assert "AZURE_API_KEY is set, but not AZURE_API_BASE: nobody knows where azure is." in alone.sentences


def test_a_token_that_is_there_for_something_else_makes_no_provider():
    """Hugging Face's is for downloads as well; it is used where the service is named."""
    assert not conclude({}, {"HF_TOKEN": "hf_something"}).found
    entry = {"model_name": "m", "litellm_params": {"model": "huggingface/org/m"}}
    [made] = [d for d in from_mapping({"model_list": [entry]}, environ={"HF_TOKEN": "hf-1"}).deployments if d.model]
    assert (made.provider.kind, made.provider.api_key.reveal()) == ("huggingface", "hf-1")


def test_sglang_is_known_by_the_owner_of_its_models():
    """As vLLM is."""
    found = conclude({at(8000): models("org/m", owner="sglang")}, {})
    assert found.mapping["providers"]["sglang"]["kind"] == "sglang"


def test_nothing_found_is_said_with_what_to_do():
    """Without servers and keys there is no mapping, and the last sentence helps."""
    found = conclude(dict.fromkeys(questions()), {})

    assert (found.found, found.mapping) == (False, {})
    assert found.sentences[-1].startswith("Nothing to route to: start a model server")


def test_an_error_page_is_no_server():
    """Only a 200 counts, whatever stands in the body."""
    assert conclude({at(8000): (404, models("m", owner="vllm")[1]), OLLAMA: (500, tags("m")[1])}, {}).found is False


def test_a_server_that_wants_a_key_is_told():
    """A 401 is somebody, though not usable without a key."""
    found = conclude({at(8000): (401, b"{}")}, {})

    assert found.found is False
    assert "A server at http://127.0.0.1:8000 wants a key; name it in `providers` with its api_key." in found.sentences


def test_hostile_answers_become_no_names():
    """Wildcards, control characters, endless names and other types are not taken for models."""
    body = json.dumps({"models": [{"name": n} for n in ("ok", "*", "a\nb", "x" * 500, 5, None, "")] + ["text", 3]})
    found = conclude({OLLAMA: (200, body.encode())}, {})

    assert [entry["model_name"] for entry in found.mapping["model_list"]] == ["ok"]


ANSWERS = st.none() | st.tuples(
    st.sampled_from([200, 404, 401, 500]),
    st.binary(max_size=30)
    | st.sampled_from(
        [b"[" * 100_000, b'{"data": 5}', b'{"models": {}}', b'{"data": [1, null]}', b"null", b'{"version": 1}']
    )
    | st.lists(st.dictionaries(st.sampled_from(["id", "name", "owned_by"]), st.text() | st.integers())).map(
        lambda items: json.dumps({"data": items, "models": items, "version": "1"}).encode()
    ),
)


@given(
    st.dictionaries(st.sampled_from(questions()), ANSWERS),
    st.dictionaries(st.sampled_from(["OPENAI_API_KEY", "XAI_API_KEY"]), st.just("k1234567")),
)
def test_whatever_answers_the_result_can_be_served(answers, environ):
    """Any answers lead to sentences, and to a mapping that loads without an error or to none."""
    found = conclude(answers, environ)

    assert all(sentence.isprintable() for sentence in found.sentences)
    if found.found:
        assert from_mapping(found.mapping, environ=environ).deployments


async def test_all_questions_are_asked_at_once():
    """No probe waits for another: each begins before any has answered."""
    begun = 0
    everybody = asyncio.Event()

    async def probe(url):
        nonlocal begun
        begun += 1
        if begun == len(questions()):
            everybody.set()
        await everybody.wait()
        return tags("m") if url == OLLAMA else None

    found = await discover(probe, lambda probes: asyncio.gather(*probes), {})

    assert list(found.mapping["providers"]) == ["ollama"]


def test_the_configuration_of_a_folder_is_found(tmp_path):
    """``pointsman.yaml`` comes first, then ``config/`` if there is YAML in it, then nothing."""
    nothing = default_paths(tmp_path)
    (tmp_path / "config").mkdir()
    empty = default_paths(tmp_path)
    (tmp_path / "config" / "a.yml").write_text("")
    folder = default_paths(tmp_path)
    (tmp_path / "pointsman.yaml").write_text("")

    assert (nothing, empty, folder) == ((), (), (tmp_path / "config",))
    assert default_paths(tmp_path) == (tmp_path / "pointsman.yaml",)
