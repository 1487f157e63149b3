"""Ollama's own API: NDJSON by default, models in memory, objects as tool arguments, its two shapes of errors."""

from __future__ import annotations

import pytest

from pointsman.mock import Options, make_site
from pointsman.mock.message import Request
from pointsman.testing import MockProvider


@pytest.fixture
async def ollama():
    async with MockProvider("ollama", name="ol", models=["llama3.2", "qwen2.5:7b"]) as started:
        yield started


async def test_the_front_door(ollama, ask):
    """GET and HEAD / say that Ollama is running."""
    got = await ask(ollama, "GET", "/")
    head = await ask(ollama, "HEAD", "/", headers=["connection: close"])
    assert (got.status, got.body, head.status, head.body) == (200, b"Ollama is running", 200, b"")


async def test_a_chat_streams_by_default(ollama, ask, hello):
    """Without stream:false /api/chat is NDJSON: words, then a last line that is done and has the figures."""
    answer = await ask(ollama, "POST", "/api/chat", hello("llama3.2"))
    *words, last = answer.lines
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert "".join(line["message"]["content"] for line in words).startswith("[ol/llama3.2] ")
    assert (last["done"], last["done_reason"], last["message"]["content"]) == (True, "stop", "")
    assert last["eval_count"] == len(words)
    assert not any(line["done"] for line in words)
    assert {
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_duration",
    } <= set(last)


async def test_a_whole_chat_says_the_same(ollama, ask, hello):
    """stream:false gives one object with the joined words."""
    streamed = await ask(ollama, "POST", "/api/chat", hello("llama3.2"))
    whole = (await ask(ollama, "POST", "/api/chat", hello("llama3.2", stream=False))).json()
    assert whole["message"]["content"] == "".join(line["message"]["content"] for line in streamed.lines)
    assert (whole["done"], whole["eval_count"]) == (True, len(streamed.lines) - 1)


async def test_generate(ollama, ask):
    """/api/generate streams `response`, and its last line has a context."""
    answer = await ask(ollama, "POST", "/api/generate", {"model": "llama3.2", "prompt": "why?"})
    whole = (
        await ask(ollama, "POST", "/api/generate", {"model": "llama3.2", "prompt": "why?", "stream": False})
    ).json()
    assert "".join(line["response"] for line in answer.lines) == whole["response"]
    assert (answer.lines[-1]["done"], answer.lines[-1]["context"]) == (True, [1, 2, 3])


async def test_options_are_obeyed_and_recorded(ollama, ask, hello):
    """num_predict cuts with done_reason length, num_ctx cuts the prompt, and the ledger shows what was sent."""
    options = {"num_predict": 3, "num_ctx": 8, "num_gpu": 1}
    body = hello("llama3.2", text="word " * 50, stream=False, options=options, keep_alive="10m")
    answer = (await ask(ollama, "POST", "/api/chat", body)).json()
    assert (answer["done_reason"], answer["eval_count"], answer["prompt_eval_count"]) == ("length", 3, 8)
    assert ollama.ledger.last.body == body


async def test_stop_in_options(ollama, ask, hello):
    """A stop sequence in options ends the answer before it."""
    full = (await ask(ollama, "POST", "/api/chat", hello("llama3.2", stream=False))).json()["message"]["content"]
    word = full.split(" ")[3]
    cut = await ask(ollama, "POST", "/api/chat", hello("llama3.2", stream=False, options={"stop": [word]}))
    assert cut.json()["message"]["content"] == full[: full.index(word)]


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_arguments_are_objects(ollama, ask, hello, stream):
    """A tool call's arguments are an object, not the text of one, and done_reason is stop."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    lines = (await ask(ollama, "POST", "/api/chat", hello("llama3.2", tools=tools, stream=stream))).lines
    function = lines[0]["message"]["tool_calls"][0]["function"]
    assert (function["name"], function["arguments"]) == ("weather", {"city": "ol-0"})
    assert (lines[0]["message"]["content"], lines[-1]["done_reason"]) == ("", "stop")


async def test_several_functions_are_called_in_one_message(ollama, ask, hello):
    """Those that the user names, numbered."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("rain", "sun")]
    asked = hello("llama3.2", "sun and rain?", tools=tools, stream=False)
    calls = (await ask(ollama, "POST", "/api/chat", asked)).json()["message"]["tool_calls"]
    assert [(call["function"]["index"], call["function"]["name"]) for call in calls] == [(0, "rain"), (1, "sun")]


async def test_format_json(ollama, ask, hello):
    """The format json gives an object as text."""
    answer = (await ask(ollama, "POST", "/api/chat", hello("llama3.2", stream=False, format="json"))).json()
    assert answer["message"]["content"].startswith('{"answer":"[ol/llama3.2]')


async def test_a_model_is_in_memory_after_use(ollama, ask, hello):
    """/api/ps is empty at first and lists a model with its tag after a chat."""
    before = (await ask(ollama, "GET", "/api/ps")).json()
    await ask(ollama, "POST", "/api/chat", hello("llama3.2"))
    after = (await ask(ollama, "GET", "/api/ps")).json()["models"]
    assert before == {"models": []}
    assert [(model["name"], model["context_length"]) for model in after] == [("llama3.2:latest", 4096)]


async def test_keep_alive_for_ever_and_not_at_all(ollama, ask, hello):
    """keep_alive -1 stays for centuries, 0 leaves at once."""
    await ask(ollama, "POST", "/api/chat", hello("llama3.2", keep_alive=-1))
    await ask(ollama, "POST", "/api/chat", hello("qwen2.5:7b", keep_alive=0))
    models = (await ask(ollama, "GET", "/api/ps")).json()["models"]
    assert [(model["name"], model["expires_at"][:2]) for model in models] == [("llama3.2:latest", "23")]


async def test_an_empty_chat_loads_and_unloads(ollama, ask):
    """A chat without messages only loads the model, with keep_alive 0 it unloads it."""
    load = (await ask(ollama, "POST", "/api/chat", {"model": "llama3.2"})).json()
    unload = (await ask(ollama, "POST", "/api/generate", {"model": "llama3.2", "keep_alive": 0})).json()
    assert (load["done_reason"], unload["done_reason"]) == ("load", "unload")
    assert (await ask(ollama, "GET", "/api/ps")).json() == {"models": []}


async def test_tags_have_tags(ollama, ask):
    """/api/tags lists the models with their tags, digests and details."""
    models = (await ask(ollama, "GET", "/api/tags")).json()["models"]
    assert [model["name"] for model in models] == ["llama3.2:latest", "qwen2.5:7b"]
    assert (len(models[0]["digest"]), models[0]["details"]["format"]) == (64, "gguf")
    assert [model["details"]["parameter_size"] for model in models] == ["3.2B", "7B"]


async def test_a_pull_brings_a_model_and_a_delete_takes_it(ask):
    """The newest is listed first; a pull streams what it does unless it shall not."""
    async with MockProvider("ollama", models=["a"]) as ollama:

        async def names() -> list[str]:
            return [model["name"] for model in (await ask(ollama, "GET", "/api/tags")).json()["models"]]

        streamed = await ask(ollama, "POST", "/api/pull", {"model": "b:1b"})
        whole = await ask(ollama, "POST", "/api/pull", {"model": "c", "stream": False})
        assert (streamed.lines[-1], whole.json()) == ({"status": "success"}, {"status": "success"})
        assert await names() == ["c:latest", "b:1b", "a:latest"]
        assert (await ask(ollama, "POST", "/api/show", {"model": "b:1b"})).status == 200
        assert (await ask(ollama, "DELETE", "/api/delete", {"model": "a:latest"})).status == 200
        assert await names() == ["c:latest", "b:1b"]
        refused = [await ask(ollama, "DELETE", "/api/delete", body) for body in ({"model": "a"}, {})]
        assert [answer.status for answer in refused] == [404, 400]


async def test_show(ollama, ask):
    """/api/show describes a model, with or without its tag, and knows no other."""
    shown = (await ask(ollama, "POST", "/api/show", {"model": "llama3.2:latest"})).json()
    missing = await ask(ollama, "POST", "/api/show", {"model": "other"})
    assert (shown["parameters"], shown["model_info"]["llama3.2.context_length"]) == ("num_ctx 4096", 131_072)
    assert (missing.status, missing.json()) == (404, {"error": "model 'other' not found"})


async def test_version(ollama, ask):
    """/api/version names one."""
    assert "version" in (await ask(ollama, "GET", "/api/version")).json()


async def test_embed(ollama, ask):
    """/api/embed gives a vector for each input, /api/embeddings one for its prompt, the same for the same text."""
    many = (await ask(ollama, "POST", "/api/embed", {"model": "llama3.2", "input": ["a", "b c"]})).json()
    one = (await ask(ollama, "POST", "/api/embeddings", {"model": "llama3.2", "prompt": "b c"})).json()
    assert len(many["embeddings"]) == 2
    assert many["embeddings"][1] == one["embedding"]
    assert many["prompt_eval_count"] == 2


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", "/api/embed"])
async def test_an_unknown_model_is_told(ollama, ask, path):
    """On its own paths an unknown model is a 404 with a plain error."""
    answer = await ask(ollama, "POST", path, {"model": "nope"})
    assert (answer.status, answer.json()) == (404, {"error": "model 'nope' not found"})


async def test_an_unknown_model_is_told_in_openai_shape(ollama, ask, hello):
    """On /v1 the same error has OpenAI's shape."""
    answer = await ask(ollama, "POST", "/v1/chat/completions", hello("nope"))
    assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")


async def test_other_refusals(ollama, ask, hello):
    """A missing model and a senseless keep_alive are 400s, an unknown path is plain text."""
    nameless = await ask(ollama, "POST", "/api/chat", {"messages": []})
    senseless = await ask(ollama, "POST", "/api/chat", hello("llama3.2", keep_alive="soon"))
    nowhere = await ask(ollama, "GET", "/api/nowhere")
    wrong = await ask(ollama, "GET", "/api/chat")
    assert (nameless.status, nameless.json()) == (400, {"error": "model is required"})
    assert (senseless.status, nowhere.body, wrong.status) == (400, b"404 page not found", 405)


async def test_an_error_in_a_stream(ollama, ask, hello):
    """An error inside a stream is one more line; no last line follows."""
    ollama.faults.set("error_frame=2")
    lines = (await ask(ollama, "POST", "/api/chat", hello("llama3.2"))).lines
    assert ([set(line) == {"error"} for line in lines], len(lines)) == ([False, False, True], 3)


async def test_the_compatible_path_loads_too(ollama, ask, hello):
    """/v1/chat/completions brings the model into memory; every delta there has a role, and no role comes first."""
    chunks = (await ask(ollama, "POST", "/v1/chat/completions", hello("llama3.2", stream=True))).chunks
    models = (await ask(ollama, "GET", "/api/ps")).json()["models"]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "[ol/llama3.2]"}
    assert (chunks[0]["system_fingerprint"], len(models)) == ("fp_ollama", 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", {"messages": [{"role": "user", "content": "x"}]}),
        ("/api/generate", {"prompt": "x", "stream": False}),
        ("/api/embed", {"input": "x"}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]}),
        ("/v1/embeddings", {"input": "x"}),
    ],
)
def test_a_cold_model_makes_wait(path, body):
    """On every path the first use of a model waits for load_ms, the next does not."""
    kind = make_site("ollama", Options(load_ms=50)).kind
    fields = {"model": "llama3.2", **body}
    request = Request("POST", path, "", [], b"{}", keep_alive=True, chunked=True, fields=fields)
    assert [kind.routes["POST", path](request).wait for _ in range(2)] == [0.05, 0.0]


async def test_loading_takes_its_time_in_the_figures(ask, hello):
    """A cold model's load_duration has the wait of load_ms in it, a warm one's has not."""
    async with MockProvider("ollama", load_ms=1) as provider:
        cold, warm = [
            (await ask(provider, "POST", "/api/chat", hello("llama3.2", stream=False))).json() for _ in range(2)
        ]
    assert cold["load_duration"] >= 1_000_000 > warm["load_duration"]
