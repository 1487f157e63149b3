"""The ``ollama`` package, unchanged, against the gateway: before its own kind of server, and before others."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager

import ollama
import pytest

from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.fronts import FRONTS
from pointsman.gateway.foreign import read_foreign
from pointsman.testing import MockProvider
from support.fleet import member, over
from support.serving import gateway, post, send

MODELS = {"ollama": "llama3", "openai": "gpt-x", "anthropic": "claude-opus-5-5", "vllm": "qwen", "llama-cpp": "phi"}
KINDS = tuple(MODELS)
EMBEDDERS = tuple(kind for kind in KINDS if kind != "anthropic")

HI = [{"role": "user", "content": "How is the weather?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Tells it.", "parameters": SCHEMA}}
PIXEL = b"\x89PNG..."
WEATHER = [("get_weather", {"city": "one-0", "days": 1})]


@asynccontextmanager
async def house(kind, **options):
    """A simulated provider, the gateway before it, and a client of that."""
    async with MockProvider(kind, name="one", models=[MODELS[kind]], **options) as mock:
        async with gateway(over(mock, router=RouterSettings(num_retries=0))) as it:
            async with client(it) as ai:
                yield mock, ai


def client(it):
    return ollama.AsyncClient(host=it.url, timeout=20)


async def pieces(stream):
    return [piece async for piece in await stream]


def called(*messages):
    return [(call.function.name, call.function.arguments) for m in messages for call in m.tool_calls or ()]


@pytest.mark.parametrize("kind", KINDS)
async def test_whole_and_streamed_it_is_a_chat(kind):
    """Text, the reason to stop, figures and times, in lines of which only the last is done."""
    async with house(kind) as (_, ai):
        whole = await ai.chat("m", HI, options={"num_predict": 500})
        lines = await pieces(ai.chat("m", HI, stream=True, options={"num_predict": 500}))
    last = lines[-1]
    assert [line.done for line in lines] == [*[False] * (len(lines) - 1), True]
    assert len(lines) > 10
    assert "".join(line.message.content for line in lines) == whole.message.content
    assert whole.message.content.startswith(f"[one/{MODELS[kind]}]")
    for answer in (whole, last):
        assert (answer.model, answer.done_reason, answer.message.role) == (MODELS[kind], "stop", "assistant")
        assert answer.prompt_eval_count > 0
        assert answer.eval_count > 10
        assert answer.total_duration > 0
    assert last.eval_duration > 0
    assert len({line.created_at[:2] for line in lines}) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_conversation_with_tools(kind):
    """A call, whole whether streamed or not, its result, and an answer in words."""
    async with house(kind) as (mock, ai):
        whole = await ai.chat("m", HI, tools=[TOOL])
        lines = await pieces(ai.chat("m", HI, tools=[TOOL], stream=True))
        result = {"role": "tool", "tool_name": "get_weather", "content": "rain"}
        answer = await ai.chat("m", [*HI, whole.message, result], tools=[TOOL])
    assert called(whole.message) == called(*[line.message for line in lines]) == WEATHER
    assert (whole.done_reason, lines[-1].done_reason, answer.done_reason) == ("stop", "stop", "stop")
    assert called(answer.message) == []
    assert "rain" in str(mock.ledger.last.body["messages"])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_prompt_is_a_chat_of_one_turn(kind):
    """With what the system says, and bounded."""
    async with house(kind) as (mock, ai):
        whole = await ai.generate("m", "hello", system="Be brief.", options={"num_predict": 6})
        lines = await pieces(ai.generate("m", "hello", system="Be brief.", options={"num_predict": 6}, stream=True))
    assert (whole.done_reason, lines[-1].done_reason) == ("length", "length")
    assert (whole.eval_count, lines[-1].eval_count) == (6, 6)
    assert "".join(line.response for line in lines) == whole.response
    assert whole.response.startswith(f"[one/{MODELS[kind]}]")
    assert "Be brief." in str(mock.ledger.last.body)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "anthropic"])
async def test_a_text_is_gone_on_with_as_it_is(kind):
    """No template, and with what shall follow it."""
    async with house(kind) as (mock, ai):
        raw = await ai.generate("m", "def f(", raw=True, options={"num_predict": 6})
        assert mock.ledger.last.body["prompt"] == "def f("
        lines = await pieces(ai.generate("m", "def f(", suffix="return x", options={"num_predict": 6}, stream=True))
        assert mock.ledger.last.body["suffix"] == "return x"
    assert raw.eval_count == lines[-1].eval_count == 6
    assert raw.response
    assert "".join(line.response for line in lines)


@pytest.mark.parametrize("kind", EMBEDDERS)
async def test_embeddings(kind):
    """Of one text, of several in their order, and by the older path."""
    async with house(kind) as (_, ai):
        one, many = await ai.embed("m", "a"), await ai.embed("m", ["b", "a"])
        older = await ai.embeddings("m", "a")
    assert [len(found.embeddings) for found in (one, many)] == [1, 2]
    assert many.embeddings[1] == one.embeddings[0] == older.embedding != many.embeddings[0]
    assert one.model == MODELS[kind]
    assert one.prompt_eval_count > 0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_is_loaded_and_let_go(kind):
    """Where nobody loads models there is nothing to do, and nobody is asked."""
    async with house(kind) as (mock, ai):
        answers = [await ai.generate("m"), await ai.chat("m"), (await pieces(ai.chat("m", stream=True)))[-1]]
        gone = await ai.generate("m", keep_alive=0)
    assert [(answer.done, answer.done_reason) for answer in answers] == [(True, "load")] * 3
    assert (gone.done, gone.done_reason) == (True, "unload")
    assert len(mock.ledger) == (4 if kind == "ollama" else 0)


async def test_a_latest_model_is_the_one_without_a_tag():
    """Some clients write it out."""
    async with house("openai") as (_, ai):
        assert (await ai.chat("m:latest", HI)).message.content
        with pytest.raises(ollama.ResponseError, match="m:7b"):
            await ai.chat("m:7b", HI)


@pytest.mark.parametrize(
    ("asked", "model"),
    [("m:latest", "m"), ("m", "m"), ("m:7b", "m:7b"), ("auto:latest", None), ("auto", None), (None, None)],
)
def test_the_name_that_leaves_the_choice_may_be_written_out_too(asked, model):
    """As any other."""
    body = json.dumps({"model": asked, "messages": HI}).encode()
    request = read_foreign("/api/chat", body, {}, FRONTS["/api/chat"], "0a", {"m"}.__contains__)
    assert (request.model, request.stream, request.native.path) == (model, True, "/api/chat")


async def test_its_own_kind_of_server_gets_what_the_caller_said():
    """Unknown fields too; of the body only the model's name is another."""
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi", "a_part_of_tomorrow": 1}],
        "options": {"num_ctx": 100, "an_option_of_tomorrow": 1.0},
        "keep_alive": "10m",
        "think": False,
        "a_field_of_tomorrow": {"x": [1, 2]},
    }
    async with MockProvider("ollama", name="one", models=["llama3"]) as mock, gateway(over(mock)) as it:
        [reply] = await send(it.port, post("/api/chat", json.dumps(body).encode()))
    assert mock.ledger.last.body == {**body, "model": "llama3"}
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert json.loads(reply.body.splitlines()[-1])["done"]


async def test_what_a_deployment_sets_is_added_for_its_own_kind():
    """Beside the options that the caller says, and below them."""
    params = {"num_ctx": 8192, "temperature": 0.1, "keep_alive": "30m", "options": {"num_gpu": 2}}
    async with MockProvider("ollama", name="one", models=["llama3"]) as mock:
        async with gateway(settings(member(mock, params=params))) as it, client(it) as ai:
            await ai.chat("m", HI, options={"temperature": 0.9, "seed": 7})
            talked = mock.ledger.last.body
            await ai.embed("m", "a")
            embedded = mock.ledger.last.body
    assert talked["options"] == {"num_gpu": 2, "num_ctx": 8192, "temperature": 0.9, "seed": 7}
    assert (talked["keep_alive"], embedded["keep_alive"]) == ("30m", "30m")


@pytest.mark.parametrize("kind", KINDS)
async def test_images_are_sent_on(kind):
    """As data, beside a message's text and beside a prompt."""
    async with house(kind) as (mock, ai):
        await ai.chat("m", [{"role": "user", "content": "What is it?", "images": [PIXEL]}])
        first = str(mock.ledger.last.body["messages"])
        await ai.generate("m", "What is it?", images=[PIXEL])
    assert base64.b64encode(PIXEL).decode() in first
    assert base64.b64encode(PIXEL).decode() in str(mock.ledger.last.body)


async def test_options_have_openais_names_elsewhere():
    """And those of its compatible servers; how a model is loaded is nobody else's business."""
    options = {
        "num_predict": 9,
        "top_k": 4,
        "seed": 3,
        "stop": ["x"],
        "repeat_penalty": 1.2,
        "num_ctx": 5,
        "num_gpu": 1,
    }
    async with house("vllm") as (mock, ai):
        await ai.chat("m", HI, options=options, format=SCHEMA, think="low", keep_alive="5m")
    body = mock.ledger.last.body
    expected = {"max_tokens": 9, "top_k": 4, "seed": 3, "stop": ["x"], "repetition_penalty": 1.2, "repeat_penalty": 1.2}
    assert expected.items() <= body.items()
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    assert body["reasoning_effort"] == "low"
    assert not {"options", "num_ctx", "num_gpu", "keep_alive", "think", "format"} & set(body)


@pytest.mark.parametrize(
    ("asked", "named"),
    [({"template": "{{ .Prompt }}"}, "template"), ({"context": [1, 2]}, "context"), ({"options": {"new": 1}}, "new")],
)
async def test_what_only_ollama_has_words_for_is_refused_by_name_elsewhere(asked, named):
    """And goes to who has them."""
    async with house("openai") as (mock, ai):
        with pytest.raises(ollama.ResponseError, match=named) as raised:
            await ai.generate("m", "hello", **asked)
        assert len(mock.ledger) == 0
    assert raised.value.status_code == 400
    async with house("ollama") as (mock, ai):
        await ai.generate("m", "hello", **asked)
    assert asked.items() <= mock.ledger.last.body.items()


@pytest.mark.parametrize("fault", ["status=401", "status=429", "status=500", "status=503"])
@pytest.mark.parametrize("provider", ["openai", "ollama"])
async def test_failures_have_ollamas_shape(provider, fault):
    """One sentence, whoever failed."""
    async with house(provider, faults=[fault]) as (_, ai):
        with pytest.raises(ollama.ResponseError) as raised:
            await ai.chat("m", HI)
    assert raised.value.status_code >= 429
    assert isinstance(raised.value.error, str)
    assert not raised.value.error.startswith("{")


async def test_what_is_wrong_is_told_in_ollamas_shape_whoever_finds_it():
    """Bodies that are no JSON, wrong types, unknown models, other methods, and bodies that are too large."""
    bodies = [
        b"{",
        b"[]",
        b'{"model":"m","messages":"hi"}',
        b'{"model":"m","messages":[{"content":"x"}]}',
        b'{"model":"m","messages":[{"role":"user","content":1}]}',
        b'{"model":"m","messages":[{"role":"user","images":"x"}]}',
        b'{"model":"m","messages":[{"role":"assistant","tool_calls":[{}]}]}',
        b'{"model":"m","stream":"yes"}',
        b'{"model":"m","messages":[],"options":7}',
        b'{"model":"m","messages":[],"format":7}',
        b'{"model":"m","messages":[],"think":7}',
    ]
    async with house("openai") as (_, ai):
        port = ai._client.base_url.port
        replies = [(await send(port, post("/api/chat", body)))[0] for body in bodies]
        replies += await send(port, post("/api/generate", b'{"model":"m","prompt":1}'))
        replies += await send(port, post("/api/embeddings", b'{"model":"m","prompt":["a"]}'))
        replies += await send(port, post("/api/chat", b'{"model":"nobody","messages":[]}'))
        replies += await send(port, b"GET /api/chat HTTP/1.1\r\nhost: x\r\n\r\n")
        replies += await send(port, b"POST /api/chat HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
        replies += await send(port, b"GET /api/nothing HTTP/1.1\r\nhost: x\r\n\r\n")
    assert [reply.status for reply in replies] == [*[400] * 13, 404, 405, 413, 404]
    assert all(set(reply.json()) == {"error"} and isinstance(reply.error, str) for reply in replies)


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_a_stream_that_breaks_off_says_so(kind):
    """In a line of its own, and without one that is done."""
    async with house(kind, faults=["cut=3"]) as (_, ai):
        stream = await ai.chat("m", HI, stream=True)
        heard = [await anext(stream) for _ in range(3)]
        with pytest.raises(ollama.ResponseError):
            await anext(stream)
    assert not any(piece.done for piece in heard)


async def test_another_provider_goes_on_with_a_stream_in_the_same_answer():
    """The caller reads one answer with one end."""
    async with (
        MockProvider("openai", name="one", models=["x"], faults=["cut=3"]) as one,
        MockProvider("vllm", name="two", models=["x"]) as two,
    ):
        group = [member(one, order=1, prefill=True), member(two, order=2, prefill=True)]
        async with gateway(settings(*group, router=RouterSettings(num_retries=2))) as it, client(it) as ai:
            lines = await pieces(ai.chat("m", HI, stream=True, options={"num_predict": 500}))
    assert [line.done for line in lines].count(True) == 1
    assert "".join(line.message.content for line in lines).count("[") == 1


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_a_caller_that_leaves_is_heard_upstream(kind):
    """The stream of the provider ends as well."""
    async with house(kind, tokens_per_second=20) as (mock, ai):
        stream = await ai.chat("m", HI, stream=True)
        await anext(stream)
        await stream.aclose()
        entry = await mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert entry.tokens_sent < 500


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_a_caller_hears_something_while_a_model_thinks(kind):
    """White space, which belongs to the next line."""
    often = RouterSettings(keepalive=0.05, num_retries=0)
    async with MockProvider(kind, name="slow", models=["x"], latency_ms=300) as slow:
        async with gateway(settings(member(slow), router=often)) as it, client(it) as ai:
            lines = await pieces(ai.chat("m", HI, stream=True, options={"num_predict": 4}))
            asked = json.dumps({"model": "m", "messages": HI, "options": {"num_predict": 4}}).encode()
            [reply] = await send(it.port, post("/api/chat", asked))
    assert lines[-1].done
    assert reply.body.startswith(b"  ")
    assert json.loads(reply.body.splitlines()[0])["done"] is False
