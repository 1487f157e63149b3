"""What ``--debug-router`` prints of real requests, and what of them reaches the upstream."""

from __future__ import annotations

import io

import msgspec
import pytest

from pointsman.config.settings import ExactMatch, RouterSettings, TagSettings
from pointsman.fakes import deployment, settings
from pointsman.model.deployment import Provider
from pointsman.telemetry.log import DecisionLog
from pointsman.testing import MockProvider
from support.fleet import place
from support.serving import gateway, post, send

NOVA = "nova-embeddings-v1"
TAGS = {"retrieval": ("retrieval", "retrieval.query"), "code": ("code", "code.query")}


def adapters(mock: MockProvider, kind: str):
    """A deployment for each adapter of one public name, told apart by tags."""
    at = Provider("nova", kind, f"{mock.base_url}/v1")
    made = [deployment(name, NOVA, at, model=f"{NOVA}-{name}", tags=tags) for name, tags in TAGS.items()]
    return settings(*made, tags=TagSettings(enabled=True, tasks=True))


async def logged(it, path: str, body: dict, *headers: str) -> tuple[list[str], int]:
    out = io.StringIO()
    it.runtime.listeners[:] = [DecisionLog(out)]
    [reply] = await send(it.port, post(path, msgspec.json.encode(body), *headers))
    return out.getvalue().splitlines(), reply.status


@pytest.mark.parametrize("kind", ["openai_compatible", "vllm"])
async def test_a_task_is_converted_routed_and_told_word_for_word(kind):
    """The three lines of the document on task routing; a custom server gets the task as well, a known one does not."""
    models = [f"{NOVA}-{name}" for name in TAGS]
    more = {"encoding_format": "float", "return_multivector": False}
    async with MockProvider("openai", name="nova", models=models) as nova, gateway(adapters(nova, kind)) as it:
        asked = {"model": NOVA, "task": "retrieval.query", "input": ["test query"], **more}
        lines, status = await logged(it, "/v1/embeddings", asked)
        sent = nova.ledger.last.body
    assert status == 200
    assert [line for line in lines if not line.startswith("[ROUTER]")] == [
        "NovaTaskRoutingHook: Converting task 'retrieval.query' to tag",
        "Updated metadata tags: ['retrieval.query']",
        "litellm.aembedding(model=nova-embeddings-v1-retrieval) 200 OK",
    ]
    assert f"[ROUTER] Model: {NOVA} -> Provider: nova (tag match)" in lines
    task = {"task": "retrieval.query"} if kind == "openai_compatible" else {}
    assert sent == {"model": f"{NOVA}-retrieval", "input": ["test query"], **more, **task}


async def test_a_fallback_is_told_word_for_word():
    """The lines of the document on the routing configuration."""
    async with (
        MockProvider("ollama", name="ollama", models=["llama3.1:8b"], faults=["status=500"]) as one,
        MockProvider("llama-cpp", name="llama_cpp_python", models=["llama3.1:8b"]) as two,
    ):
        opened = [deployment(mock.name, "*", place(mock), model=None) for mock in (one, two)]
        rule = ExactMatch("llama3.1:8b", "ollama", "llama_cpp_python")
        made = settings(*opened, exact={rule.name: rule}, router=RouterSettings(num_retries=0))
        async with gateway(made) as it:
            lines, status = await logged(
                it, "/v1/chat/completions", {"model": rule.name, "messages": [{"role": "user", "content": "hi"}]}
            )
    assert status == 200
    assert lines[0] == "[ROUTER] Model: llama3.1:8b -> Provider: ollama (exact match)"
    assert "[ROUTER] Fallback triggered: ollama -> llama_cpp_python" in lines


@pytest.mark.parametrize("tag", ["\u202eevil", "a\nb"])
async def test_nothing_of_a_refused_hint_is_told(tag):
    """It is answered with 400, and no line of it is written."""
    async with MockProvider("openai", name="one") as one, gateway(adapters(one, "openai")) as it:
        lines, status = await logged(it, "/v1/embeddings", {"model": NOVA, "input": "x", "tags": [tag]})
    assert (status, lines) == (400, [])
