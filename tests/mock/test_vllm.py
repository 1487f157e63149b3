"""vLLM's own manners: its paths, its error types, its errors inside a stream."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.testing import MockProvider

CHAT = "/v1/chat/completions"
MODEL = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.fixture
async def vllm():
    async with MockProvider("vllm") as started:
        yield started


async def test_its_own_paths(vllm, ask):
    """/health and /ping are empty 200s, /version names one, /tokenize counts, /load is a number."""
    health, ping = await ask(vllm, "GET", "/health"), await ask(vllm, "GET", "/ping")
    assert [(answer.status, answer.body) for answer in (health, ping)] == [(200, b"")] * 2
    assert "version" in (await ask(vllm, "GET", "/version")).json()
    tokens = (await ask(vllm, "POST", "/tokenize", {"model": MODEL, "prompt": "one two three"})).json()
    assert (tokens["count"], len(tokens["tokens"]), tokens["max_model_len"]) == (4, 4, 32768)
    assert (await ask(vllm, "GET", "/load")).json() == {"server_load": 0}


async def test_models_tell_their_length(ask):
    """/v1/models says owned_by vllm and the context length as max_model_len."""
    async with MockProvider("vllm", context_length=4096) as provider:
        card = (await ask(provider, "GET", "/v1/models")).json()["data"][0]
    assert (card["id"], card["owned_by"], card["max_model_len"], card["root"]) == (MODEL, "vllm", 4096, MODEL)


async def test_metrics_count_what_runs(vllm, ask, connect, hello):
    """vllm:num_requests_running is the number of requests under way."""
    vllm.faults.set("hang")
    raw = await connect(vllm)
    await raw.send("POST", CHAT, hello(MODEL))
    await vllm.ledger.wait_for(lambda entry: entry.path == CHAT)
    metrics = (await ask(vllm, "GET", "/metrics")).body.decode()
    assert f'vllm:num_requests_running{{engine="0",model_name="{MODEL}"}} 1.0' in metrics
    assert "# TYPE vllm:num_requests_waiting gauge" in metrics


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"model": "other", "messages": [{"role": "user", "content": "x"}]}, 404, "NotFoundError"),
        ({"model": MODEL, "messages": []}, 400, "BadRequestError"),
        (b"{", 400, "Bad Request"),
    ],
)
async def test_error_types(vllm, ask, body, status, kind):
    """Errors are objects whose code is the status and whose type is vLLM's class name."""
    answer = await ask(vllm, "POST", CHAT, body)
    error = answer.json()["error"]
    assert (answer.status, error["code"], error["type"], set(error)) == (
        status,
        status,
        kind,
        {"message", "type", "param", "code"},
    )


async def test_a_missing_model_is_the_first(vllm, ask):
    """A request without a model is taken for vLLM's own."""
    answer = await ask(vllm, "POST", CHAT, {"messages": [{"role": "user", "content": "x"}]})
    assert (answer.status, answer.json()["model"]) == (200, MODEL)


async def test_a_wrong_key_is_told_plainly(ask, hello):
    """With a key configured only /v1 asks for it, and says Unauthorized."""
    async with MockProvider("vllm", api_key="k") as provider:
        chat = await ask(provider, "POST", CHAT, hello(MODEL))
        health = await ask(provider, "GET", "/health")
    assert (chat.status, chat.json(), health.status) == (401, {"error": "Unauthorized"}, 200)


async def test_an_error_in_a_stream(vllm, ask, hello):
    """The stream began with 200: the error is a frame, followed by the end mark and HTTP's own end."""
    vllm.faults.set("error_frame=1")
    answer = await ask(vllm, "POST", CHAT, hello(MODEL, stream=True))
    error = answer.chunks[-1]["error"]
    assert (answer.status, answer.complete, answer.data[-1]) == (200, True, "[DONE]")
    assert (error["type"], error["code"]) == ("InternalServerError", 500)
    assert [chunk["choices"][0]["delta"].get("content") for chunk in answer.chunks[:-1]] == [
        "",
        f"[vllm/{MODEL}]",
    ]


async def test_the_head_comes_before_the_first_token(connect, hello):
    """The head goes out at once, other servers with the first token."""
    async with MockProvider("vllm", latency_ms=3_600_000) as provider:
        raw = await connect(provider)
        await raw.send("POST", CHAT, hello(MODEL, stream=True))
        head = await asyncio.wait_for(raw.reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert provider.ledger.last.tokens_sent == 0


@pytest.mark.parametrize("more", [{"ignore_eos": True}, {"min_tokens": 64}])
async def test_as_many_tokens_as_told(vllm, ask, hello, more):
    """ignore_eos fills max_tokens, min_tokens gives at least as many: load tests know how long a stream is."""
    answer = await ask(vllm, "POST", CHAT, hello(MODEL, max_tokens=64, stream=True, **more))
    words = [chunk["choices"][0]["delta"]["content"] for chunk in answer.chunks]
    assert len([word for word in words if word]) == 64


async def test_an_unknown_path_is_told_as_fastapi_does(vllm, ask):
    """404 and 405 carry the phrase of their status."""
    missing, wrong = await ask(vllm, "GET", "/nothing"), await ask(vllm, "DELETE", CHAT)
    assert missing.json()["error"] == {
        "message": "Not Found",
        "type": "Not Found",
        "param": None,
        "code": 404,
    }
    assert (wrong.status, wrong.json()["error"]["type"]) == (405, "Method Not Allowed")


async def test_embeddings_have_an_id(vllm, ask):
    """There is an id and created in embeddings, and completion tokens in their usage."""
    answer = (await ask(vllm, "POST", "/v1/embeddings", {"model": MODEL, "input": "x"})).json()
    assert (answer["id"][:5], answer["usage"]["completion_tokens"], "created" in answer) == ("embd-", 0, True)
