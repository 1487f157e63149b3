"""What a server says of the models it has loaded: the question for each kind, and every answer it may give."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.config.kinds import KINDS
from pointsman.fakes import provider
from pointsman.flow.effects import Failed
from pointsman.model.exchange import Answered, Loaded, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.providers.loaded import LOADED
from pointsman.providers.probe import answer, question
from pointsman.testing import MockProvider
from support.probing import probed
from support.serving import post, send

KEPT = b'{"models":[{"name":"llama3.2:latest","size":1},{"name":"qwen2.5:7b"}]}'
LISTED = b'{"object":"list","data":[{"id":"meta-llama/Llama-2-13b"},{"id":"lora"}]}'
REPOSITORY = (
    b'[{"name":"ensemble","version":"2","state":"READY"},{"name":"b","version":"1","state":"LOADING"},{"name":"c"}]'
)
OLLAMA = Loaded(frozenset({"llama3.2", "llama3.2:latest", "qwen2.5:7b"}))

SAID = [
    ("ollama", 200, KEPT, OLLAMA),
    ("ollama", 200, b'{"models":[]}', Loaded()),
    ("ollama", 200, b'{"models":null}', Loaded()),
    ("ollama", 200, b"{}", None),
    ("ollama", 200, b"Ollama is running", None),
    ("ollama", 503, KEPT, None),
    ("vllm", 200, LISTED, Loaded(frozenset({"meta-llama/Llama-2-13b", "lora"}))),
    ("vllm", 200, b'{"data":{}}', None),
    ("vllm", 401, LISTED, None),
    ("llama_cpp_native", 200, b'{"status":"ok"}', Loaded(all=True)),
    ("llama_cpp_native", 503, b'{"error":{"message":"Loading model"}}', Loaded()),
    ("llama_cpp_native", 404, b"{}", None),
    ("llama_cpp_python", 200, LISTED, Loaded(all=True)),
    ("llama_cpp_python", 500, b"", None),
    ("triton", 200, REPOSITORY, Loaded(frozenset({"ensemble", "ensemble/versions/2"}))),
    ("triton", 200, b"[]", Loaded()),
    ("triton", 200, b"{}", None),
    ("triton", 503, REPOSITORY, None),
]


@pytest.mark.parametrize(("kind", "status", "body", "said"), SAID)
def test_what_is_said_is_what_is_loaded(kind, status, body, said):
    """Models by name, or whatever it serves; nothing where the answer is not one to this question."""
    assert answer(LOADED, provider(kind=kind), Answered(status, {}, body)) == said


@pytest.mark.parametrize("kind", sorted(LOADED))
@given(
    status=st.integers(200, 599), body=st.binary(max_size=60) | st.sampled_from([KEPT, LISTED, b"[" * 5000, b'"\xff"'])
)
def test_no_answer_is_too_strange(kind, status, body):
    """Whatever a server says, it says what is loaded or nothing."""
    assert isinstance(answer(LOADED, provider(kind=kind), Answered(status, {}, body)), Loaded | None)


def test_who_does_not_answer_says_nothing():
    """A time-out is not a cold model."""
    late = Failed(FailureKind.TIMEOUT, "no reply within 0.1 s", sent=True)
    assert answer(LOADED, provider(kind="ollama"), late) is None


PATHS = {
    "ollama": "/api/ps",
    "vllm": "/v1/models",
    "llama_cpp_python": "/v1/models",
    "llama_cpp_native": "/v1/health",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_asked_at_its_own_path_or_not_at_all(kind):
    """Of hosted services nobody can know."""
    asked = question(LOADED, provider(kind=kind, base_url="http://127.0.0.1:1"))
    own = {kind: WireRequest(path, method="GET") for kind, path in PATHS.items()}
    own["triton"] = WireRequest("/v2/repository/index", b"{}")
    assert asked == own.get(kind)


def test_a_version_in_the_base_url_is_not_said_twice():
    """``/v1`` stands in the URL or before the path, not in both; Ollama's own paths have none."""
    assert question(LOADED, provider(kind="vllm", base_url="http://127.0.0.1:1/v1")).path == "/models"


@pytest.mark.parametrize(
    ("loaded", "model", "has"),
    [
        (OLLAMA, "llama3.2", True),
        (OLLAMA, "llama3.2:latest", True),
        (OLLAMA, "qwen2.5", False),
        (OLLAMA, None, None),
        (Loaded(all=True), None, True),
        (Loaded(all=True), "anything", True),
        (Loaded(), "llama3.2", False),
    ],
)
def test_a_model_is_loaded_not_loaded_or_a_matter_of_the_name(loaded, model, has):
    """An open deployment's model is known only where the server has but one answer to any name."""
    assert loaded.has(model) is has


# Against simulated servers


async def seen(mock: MockProvider, kind: str) -> Loaded | None:
    return await probed(LOADED, mock, kind)


async def test_ollama_has_loaded_what_it_was_asked_for():
    """Nothing at first, then the model that somebody used, under both of its names."""
    async with MockProvider("ollama", api_key="sk-hush", models=["llama3.2:latest", "qwen2.5:7b"]) as mock:
        assert await seen(mock, "ollama") == Loaded()
        body = msgspec.json.encode({"model": "llama3.2", "prompt": "hi", "stream": False})
        (reply,) = await send(mock.port, post("/api/generate", body, "authorization: Bearer sk-hush"))
        assert reply.status == 200
        assert (await seen(mock, "ollama")).has("llama3.2:latest") is True
        assert (await seen(mock, "ollama")).has("qwen2.5:7b") is False
        asked = mock.ledger.entries[0]
    assert (asked.method, asked.path, asked.key_matched, asked.body_bytes) == ("GET", "/api/ps", True, 0)


@pytest.mark.parametrize(
    ("mock", "kind", "loading"),
    [
        ("vllm", "vllm", None),
        ("llama-cpp", "llama_cpp_native", Loaded()),
        ("llama-cpp", "llama_cpp_python", Loaded()),
    ],
)
async def test_the_others_have_loaded_what_they_serve(mock, kind, loading):
    """From the moment they answer; llama.cpp's servers say that they are still loading by a 503."""
    async with MockProvider(mock) as at:
        assert (await seen(at, kind)).has(at.models[0]) is True
        at.faults.set(f"status=503:path={PATHS[kind]}")
        assert await seen(at, kind) == loading
