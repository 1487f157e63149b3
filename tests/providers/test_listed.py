"""What a server says of the models it serves: the question for each kind, and every answer it may give."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.kinds import KINDS
from pointsman.fakes import provider
from pointsman.mock.ollama.shapes import digest
from pointsman.model.exchange import Answered
from pointsman.model.listing import LONGEST, MOST, Card, Listing
from pointsman.providers.listed import LISTED, MOST_BYTES
from pointsman.providers.probe import answer, question
from pointsman.providers.profiles import PROFILES
from pointsman.testing import MockProvider
from support.probing import probed

TAGS = b'{"models":[{"name":"mistral:latest","details":{"parameter_size":"7.2B"}},{"name":"tiny:x","details":null}]}'
OLLAMA = Listing({"mistral:latest": Card(7.2), "tiny:x": Card()}, {"mistral": "mistral:latest"})
ONE = b'{"data":[{"id":"a.gguf","meta":{"n_params":13015864320,"n_ctx_train":4096}}]}'


def said(kind: str, body: bytes, status: int = 200) -> Listing | None:
    return answer(LISTED, provider(kind=kind), Answered(status, {}, body))


def card(kind: str, **fields) -> Card | None:
    """What a list with one model says of it."""
    listing = said(kind, msgspec.json.encode({"object": "list", "data": [{"id": "m", **fields}]}))
    return listing.card("m")


def test_ollama_tells_names_and_sizes():
    """A model without a tag is its latest; what is not said is not known."""
    assert said("ollama", TAGS) == OLLAMA
    assert said("ollama", b'{"models":[]}') == said("ollama", b'{"models":null}') == Listing()


def test_ollama_tells_editions():
    """What is no text is none."""
    models = [{"name": "a:1", "digest": "abc"}, {"name": "b:1", "digest": 5}, {"name": "c:1", "digest": ""}]
    assert said("ollama", msgspec.json.encode({"models": models})).editions == {"a:1": "abc"}


@pytest.mark.parametrize(
    ("word", "size"),
    [("7.6B", 7.6), ("70B", 70.0), ("136.73M", 0.13673), ("8x7B", 56.0), ("", None), ("0B", None), ("many", None),
     ("22K", None), ("999999B", None), (7, None), (None, None)],
)  # fmt: skip
def test_a_size_is_read_as_it_is_printed(word, size):
    """Anything else is no size, and the model is there all the same."""
    body = msgspec.json.encode({"models": [{"name": "m", "details": {"parameter_size": word}}]})
    assert said("ollama", body) == Listing({"m": Card(size)})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, Card()),
        ({"max_model_len": 32768}, Card(context=32768)),
        ({"context_length": 131072}, Card(context=131072)),
        ({"context_window": 8192}, Card(context=8192)),
        ({"max_context_length": 4096}, Card(context=4096)),
        ({"meta": {"n_params": 13_015_864_320, "n_ctx_train": 4096}}, Card(13.0, 4096)),
        ({"meta": {"n_params": 136_727_040, "n_ctx": 512, "n_ctx_train": 2048}}, Card(0.137, 512)),
        ({"max_model_len": None, "meta": None}, Card()),
        ({"max_model_len": "32768", "meta": []}, Card()),
        ({"max_model_len": 0, "context_length": -1, "meta": {"n_params": True, "n_ctx": 1.5}}, Card()),
        ({"max_model_len": 2**60, "meta": {"n_params": 10**30}}, Card()),
        ({"meta": {"n_params": 1}}, Card()),
    ],
)
def test_a_list_in_openai_s_shape_tells_what_its_server_tells(fields, expected):
    """Contexts under the names that servers have for them, what it runs with before what the model was trained with;
    numbers that can't be believed are not known.
    """
    assert card("vllm", **fields) == card("openai_compatible", **fields) == expected


def test_who_has_one_model_and_answers_to_any_name_says_it_of_any_name():
    """llama.cpp's servers; with several models they go by names, as the others always do."""
    listing = said("llama_cpp_native", ONE)
    assert listing.card("whatever") == listing.card(None) == Card(13.0, 4096)
    assert said("vllm", ONE).card("whatever") is None
    assert said("ollama", TAGS).card("mistral") == Card(7.2)
    two = b'{"data":[{"id":"a"},{"id":"b"}]}'
    assert said("llama_cpp_python", two).card("whatever") is None


def test_a_list_may_be_its_entries_alone():
    """As Together sends it; an empty one is none."""
    listing = said("together_ai", b'[{"id":"a","context_length":8},{"id":"b"}]')
    assert listing == Listing({"a": Card(context=8), "b": Card()})
    assert said("together_ai", b"[]") is None


def test_geminis_names_may_be_said_without_their_first_word():
    """As its chat completions take them."""
    listing = said("gemini", b'{"data":[{"id":"models/gemini-x"},{"id":"models/y"},{"id":"y"}]}')
    assert (listing.name("gemini-x"), listing.name("y")) == ("models/gemini-x", "y")


@pytest.mark.parametrize(
    ("contexts", "common"), [((8, 8), Card(context=8)), ((8, 9), None), ((8, None), None), ((), None)]
)
def test_what_is_said_of_every_model_is_said_of_any(contexts, common):
    """Where an open deployment may be asked for any of them."""
    cards = {f"m{index}": Card(7.0, context) for index, context in enumerate(contexts)}
    assert Listing(cards).card(None) == common


@pytest.mark.parametrize("kind", sorted(LISTED))
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, TAGS), (401, ONE), (200, b""), (200, b"<html>"), (200, b"[1]"), (200, b'{"data":{}}'), (200, b"[" * 5000),
     (200, b'{"models":[{"size":1}],"data":[{"object":"model"}]}'), (200, b'{"data":[1],"models":[1]}')],
)  # fmt: skip
def test_rubbish_says_nothing(kind, status, body):
    """An error, a page for people, another shape: none of them is a list."""
    assert said(kind, body, status) is None


@given(body=st.binary(max_size=80) | st.sampled_from([TAGS, ONE]), status=st.integers(200, 599))
@pytest.mark.parametrize("kind", sorted(LISTED))
def test_no_answer_is_too_strange(kind, body, status):
    """Whatever a server says, it is a list or nothing."""
    assert isinstance(said(kind, body, status), Listing | None)


def test_a_list_is_bounded():
    """In models, in the length of their names, in bytes; what is no name here is left out."""
    entries = [{"id": f"m{number}"} for number in range(MOST + 5)]
    assert len(said("vllm", msgspec.json.encode({"data": entries})).cards) == MOST
    names = ["ok", "", "a\nb", "meta-llama/*", "x" * (LONGEST + 1), "ok"]
    assert said("vllm", msgspec.json.encode({"data": [{"id": name} for name in names]})).cards == {"ok": Card()}
    assert said("ollama", msgspec.json.encode({"models": [{"name": name} for name in names]})).cards == {"ok": Card()}
    assert said("vllm", ONE + b" " * MOST_BYTES) is None


def test_every_kind_can_be_asked():
    """Each at its own path; but for those whose list names other things than the models that they serve."""
    asked = {kind: question(LISTED, provider(kind=kind, base_url="http://127.0.0.1:1")) for kind in KINDS}
    paths = {kind: question.path for kind, question in asked.items() if question is not None}
    assert set(KINDS) - paths.keys() == {kind for kind, profile in PROFILES.items() if not profile.lists}
    assert paths.pop("ollama") == "/api/tags"
    assert paths.pop("anthropic") == "/v1/models?limit=1000"
    assert paths.pop("triton") == "/v2/repository/index"
    assert {kind: path for kind, path in paths.items() if path != "/v1/models"} == {
        "docker_model_runner": "/engines/v1/models",
        "lemonade": "/api/v1/models",
        "infinity": "/models",
        "cloudflare": "/models",
        "clarifai": "/models",
    }


# Against simulated servers

ROOTS = {"openrouter": "/api", "groq": "/openai"}
"""What stands in base URLs of these."""

SIMULATED = [
    ("ollama", "ollama", ["mistral"], {"parameters": 7.25}, Listing(
        {"mistral:latest": Card(7.2)}, {"mistral": "mistral:latest"},
        editions={"mistral:latest": digest("mistral")})),
    ("ollama", "ollama", ["qwen2.5:7b"], {}, Listing(
        {"qwen2.5:7b": Card(7.0)}, editions={"qwen2.5:7b": digest("qwen2.5:7b")})),
    ("vllm", "vllm", ["org/m"], {"context_length": 4096}, Listing({"org/m": Card(context=4096)})),
    ("llama-cpp", "llama_cpp_native", ["m.gguf"], {"parameters": 13.016}, Listing(
        {"m.gguf": Card(13.0, 8192)}, any_name=True)),
    ("openai", "openai", ["gpt-4o", "gpt-4.1"], {}, Listing(
        {"gpt-4o": Card(), "gpt-4.1": Card()})),
    ("openrouter", "openrouter", ["a", "b-vl"], {}, Listing({
        "a": Card(None, 32_768, None, 8192, False, True, 2.5e-6, 10e-6, 0.25e-6),
        "b-vl": Card(None, 32_768, None, 8192, True, True, 2.5e-6, 10e-6, 0.25e-6)})),
    ("together", "together_ai", ["a"], {}, Listing(
        {"a": Card(None, 32_768, input_cost=2.5e-6, output_cost=10e-6)})),
    ("groq", "groq", ["a"], {}, Listing({"a": Card(None, 32_768, max_output=8192)})),
    ("mistral", "mistral", ["pixtral"], {}, Listing(
        {"pixtral": Card(None, 32_768, vision=True, tools=True)})),
    ("triton", "triton", ["ensemble", "vllm_model"], {}, Listing(
        {"ensemble": Card(), "vllm_model": Card()},
        {f"{name}/versions/1": name for name in ("ensemble", "vllm_model")})),
    ("sglang", "sglang", ["org/m"], {"context_length": 4096}, Listing({"org/m": Card(context=4096)})),
    ("anthropic", "anthropic", [f"claude-{n}" for n in range(30)], {}, Listing(
        {f"claude-{n}": Card(context=200_000, max_output=64_000) for n in range(30)})),
]  # fmt: skip


@pytest.mark.parametrize(("mock", "kind", "models", "options", "expected"), SIMULATED)
async def test_a_simulated_server_s_list_is_read(mock, kind, models, options, expected):
    """With the provider's key; by GET, without a body, but from Triton."""
    async with MockProvider(mock, models=models, api_key="sk-hush", **options) as at:
        assert await probed(LISTED, at, kind, ROOTS.get(kind, "")) == expected
        (asked,) = at.ledger.entries
    way = ("POST", True, len(b'{"ready":true}')) if kind == "triton" else ("GET", True, 0)
    assert (asked.method, asked.key_matched, asked.body_bytes) == way


def test_triton_lists_what_is_ready():
    """A model of several versions once; each of them is a spelling of its name."""
    models = [
        {"name": "ensemble", "version": "1", "state": "READY"},
        {"name": "ensemble", "version": "2", "state": "READY"},
        {"name": "old", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"},
        {"name": "never"},
        {"name": "new", "state": "READY"},
    ]
    spelled = {"ensemble/versions/1": "ensemble", "ensemble/versions/2": "ensemble"}
    expected = Listing({"ensemble": Card(), "new": Card()}, spelled)
    assert said("triton", msgspec.json.encode(models)) == expected
    assert said("triton", b"[]") == Listing()
