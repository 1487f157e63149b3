"""Whether a server is up: the question for each kind, and what its answers say."""

from __future__ import annotations

import pytest

from pointsman.config.kinds import KINDS
from pointsman.fakes import provider
from pointsman.flow.effects import Failed
from pointsman.model.exchange import Answered, WireRequest
from pointsman.model.outcome import FailureKind
from pointsman.providers.alive import ALIVE, check, is_up
from pointsman.testing import MockProvider
from support.probing import probed

PATHS = {
    "ollama": "/api/tags",
    "vllm": "/health",
    "sglang": "/health",
    "tensorrt_llm": "/health",
    "tgi": "/info",
    "triton": "/v2/health/ready",
    "llama_cpp_native": "/health",
    "azure": "/openai/models",
    "azure_ai": "/models/models",
    "docker_model_runner": "/engines/v1/models",
    "lemonade": "/api/v1/models",
    **dict.fromkeys(
        ("infinity", "perplexity", "databricks", "github", "cloudflare", "clarifai", "snowflake"), "/models"
    ),
    "bedrock": "/",
}
"""Of kinds that are not asked for the list that OpenAI has."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_question_that_costs_nothing(kind):
    """A GET, at the kind's own place or at the configured one."""
    place = provider(kind=kind, base_url="http://127.0.0.1:1")
    assert check(place, None) == WireRequest(PATHS.get(kind, "/v1/models"), method="GET")
    assert check(place, "/healthz") == WireRequest("/healthz", method="GET")


@pytest.mark.parametrize(
    ("reply", "up"),
    [
        (Answered(200, {}, b""), True),
        (Answered(204, {}, b""), True),
        (Answered(401, {}, b"{}"), True),
        (Answered(404, {}, b"?"), True),
        (Answered(429, {}, b""), True),
        (Answered(500, {}, b"{}"), False),
        (Answered(503, {}, b'{"error":{"message":"Loading model"}}'), False),
        (Failed(FailureKind.REFUSED, "nobody there"), False),
        (Failed(FailureKind.TIMEOUT, "no reply within 5 s", sent=True), False),
        (None, False),
    ],
)
def test_who_answers_is_up_unless_it_says_that_it_is_not(reply, up):
    """A refused question is an answer; an error of the server's own, or silence, is none."""
    assert is_up(provider(), reply) == up


@pytest.mark.parametrize(("status", "up"), [(200, True), (400, False), (401, True), (404, True), (500, False)])
def test_triton_says_that_it_is_not_ready_by_a_400(status, up):
    """Of itself, and of a model."""
    assert is_up(provider(kind="triton"), Answered(status, {}, b"")) == up


@pytest.mark.parametrize(
    "kind", ["openai", "ollama", "vllm", "anthropic", "llama_cpp_native", "llama_cpp_python", "triton", "bedrock"]
)
async def test_simulated_servers_answer_the_question_of_their_kind(kind):
    """200 while all is well; a server that still loads its model is not up."""
    own = {name: name for name in ("ollama", "vllm", "anthropic", "triton", "bedrock")} | {
        "llama_cpp_native": "llama-cpp"
    }
    simulated = own.get(kind, "openai")
    async with MockProvider(simulated, name="one") as mock:
        assert await probed(ALIVE, mock, kind) is True
        assert [entry.path for entry in mock.ledger.entries] == [PATHS.get(kind, "/v1/models")]
        if simulated in ("llama-cpp", "triton"):
            mock.faults.set("loading")
            assert await probed(ALIVE, mock, kind) is False
