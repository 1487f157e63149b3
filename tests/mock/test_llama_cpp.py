"""llama-server's own manners: loading, slots, timings, its native path, its two ways to fail inside a stream."""

from __future__ import annotations

import pytest

from pointsman.testing import MockProvider

CHAT = "/v1/chat/completions"
MODEL = "qwen2.5-7b-instruct-q4_k_m.gguf"


@pytest.fixture
async def llama():
    async with MockProvider("llama-cpp", name="lc") as started:
        yield started


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
async def test_health(llama, ask, path):
    """A server with its model loaded is ok."""
    assert (await ask(llama, "GET", path)).json() == {"status": "ok"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/health"), ("POST", CHAT)])
async def test_loading(llama, ask, hello, method, path):
    """While the model loads every path is a 503 of type unavailable_error, and none once it is loaded."""
    llama.faults.set("loading")
    answer = await ask(llama, method, path, hello(MODEL) if method == "POST" else None)
    llama.faults.clear()
    after = await ask(llama, method, path, hello(MODEL) if method == "POST" else None)
    assert (answer.status, answer.json()) == (
        503,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
    )
    assert after.status == 200


async def test_any_name_is_answered(llama, ask, hello):
    """With one model the name in the request is echoed, not checked."""
    assert (await ask(llama, "POST", CHAT, hello("anything"))).json()["model"] == "anything"


async def test_a_router_knows_its_models(ask, hello):
    """With several models an unknown name is a 400."""
    async with MockProvider("llama-cpp", models=["a", "b"]) as provider:
        answers = [await ask(provider, "POST", CHAT, hello(model)) for model in ("a", "c")]
    assert [answer.status for answer in answers] == [200, 400]


async def test_models_have_meta(llama, ask):
    """/v1/models says owned_by llamacpp and describes the file."""
    card = (await ask(llama, "GET", "/v1/models")).json()["data"][0]
    assert (card["id"], card["owned_by"]) == (MODEL, "llamacpp")
    assert [card["meta"][key] for key in ("n_params", "n_ctx", "n_ctx_train")] == [7_000_000_000, 8192, 32_768]


async def test_metrics_count_what_runs_and_what_waits_for_a_slot(llama, ask, connect, hello):
    """Four slots; the fifth request is deferred."""
    llama.faults.set("hang")
    for number in range(1, 6):
        raw = await connect(llama)
        await raw.send("POST", CHAT, hello(MODEL))
        await llama.ledger.wait_for(lambda entry, number=number: entry.number == number)
    metrics = (await ask(llama, "GET", "/metrics")).body.decode()
    assert "llamacpp:requests_processing 4\nllamacpp:requests_deferred 1\n" in metrics.replace(
        "# TYPE llamacpp:requests_deferred gauge\n", ""
    )


async def test_props(llama, ask):
    """/props tells slots, file and context size."""
    props = (await ask(llama, "GET", "/props")).json()
    assert (props["total_slots"], props["model_path"]) == (4, f"models/{MODEL}")
    assert props["default_generation_settings"]["n_ctx"] == 8192


async def test_slots_are_busy_while_requests_run(llama, ask, connect, hello):
    """/slots shows as many busy slots as requests under way; when none is free it can say 503."""
    llama.faults.set("hang")
    for number in range(1, 5):
        raw = await connect(llama)
        await raw.send("POST", CHAT, hello(MODEL))
        await llama.ledger.wait_for(lambda entry, number=number: entry.number == number)
    slots = (await ask(llama, "GET", "/slots")).json()
    full = await ask(llama, "GET", "/slots?fail_on_no_slot=1")
    assert ([slot["is_processing"] for slot in slots], full.status) == ([True] * 4, 503)


@pytest.mark.parametrize("more", [{}, {"stream_options": {"include_usage": True}}])
async def test_timings_are_in_the_last_chunk(llama, ask, hello, more):
    """Whole answers and the last chunk of a stream carry timings that count the tokens."""
    whole = (await ask(llama, "POST", CHAT, hello(MODEL, max_tokens=4))).json()
    chunks = (await ask(llama, "POST", CHAT, hello(MODEL, max_tokens=4, stream=True, **more))).chunks
    assert whole["timings"]["predicted_n"] == chunks[-1]["timings"]["predicted_n"] == 4
    assert not any("timings" in chunk for chunk in chunks[:-1])


async def test_the_native_path_whole(llama, ask):
    """/completion answers in llama.cpp's own shape and says why it stopped."""
    answer = (await ask(llama, "POST", "/completion", {"prompt": "once", "n_predict": 3})).json()
    assert answer["content"].startswith(f"[lc/{MODEL}] ")
    assert (answer["tokens_predicted"], answer["stop_type"], answer["stop"]) == (3, "limit", True)


async def test_the_native_path_streamed(llama, ask):
    """A /completion stream has no end mark; its last frame says stop and the frames join to the whole text."""
    whole = (await ask(llama, "POST", "/completion", {"prompt": "once"})).json()
    answer = await ask(llama, "POST", "/completion", {"prompt": "once", "stream": True})
    assert "".join(chunk["content"] for chunk in answer.chunks) == whole["content"]
    assert [chunk["stop"] for chunk in answer.chunks[-2:]] == [False, True]
    assert "[DONE]" not in answer.data


async def test_an_error_in_a_stream_of_today(llama, ask, hello):
    """Today's builds send a data frame with the error and end the stream without the end mark."""
    llama.faults.set("error_frame=1")
    answer = await ask(llama, "POST", CHAT, hello(MODEL, stream=True))
    assert (answer.chunks[-1]["error"]["code"], answer.complete) == (500, True)


async def test_an_error_in_a_stream_of_old_builds(llama, ask, hello):
    """Builds before autumn 2025 send a field named error, which is no event, and then the end mark."""
    llama.faults.set("error_frame=1:variant=old")
    answer = await ask(llama, "POST", CHAT, hello(MODEL, stream=True))
    assert b'\n\nerror: {"code":500,' in answer.body
    assert answer.data[-1] == "[DONE]"


async def test_too_long_a_prompt_tells_the_sizes(ask, hello):
    """A prompt above the context is a 400 of its own type with both sizes."""
    async with MockProvider("llama-cpp", context_length=64) as provider:
        answer = await ask(provider, "POST", CHAT, hello(MODEL, text="word " * 100))
    error = answer.json()["error"]
    assert (error["type"], error["n_ctx"], error["n_prompt_tokens"] > 64) == (
        "exceed_context_size_error",
        64,
        True,
    )


async def test_a_wrong_key(ask, hello):
    """With a key configured inference is a 401, health and models stay open."""
    async with MockProvider("llama-cpp", api_key="k") as provider:
        answers = [
            await ask(provider, "POST", CHAT, hello(MODEL)),
            await ask(provider, "GET", "/health"),
            await ask(provider, "GET", "/v1/models"),
        ]
    assert [answer.status for answer in answers] == [401, 200, 200]
    assert answers[0].json()["error"]["type"] == "authentication_error"


async def test_tokenize(llama, ask):
    """/tokenize gives ids for the content."""
    assert len((await ask(llama, "POST", "/tokenize", {"content": "one two three"})).json()["tokens"]) == 4
