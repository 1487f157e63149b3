"""The ``openai`` package, unchanged, against the gateway over Triton."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import openai
import pytest

from pointsman.config.load import load_mapping
from pointsman.config.settings import RouterSettings
from pointsman.fakes import settings
from pointsman.model.rest import HealthCheck
from pointsman.testing import MockProvider, Simulation
from support.asking import ask
from support.fleet import member, over, place
from support.serving import gateway, send

MESSAGES = [{"role": "user", "content": "How is the weather?"}]
TALK = [{"role": "system", "content": "Be brief."}, *MESSAGES]
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
BACKENDS = {"tensorrt_llm": "ensemble", "vllm": "vllm_model", "llmapi": "llmapi"}
USAGE = {"stream": True, "stream_options": {"include_usage": True}}


@asynccontextmanager
async def house(backend="tensorrt_llm", **params):
    """A simulated Triton with a model of this backend, and a client of the gateway before it."""
    async with MockProvider("triton", name="one", models=[BACKENDS[backend]]) as mock:
        made = settings(
            member(mock, params={"triton_backend": backend, **params}), router=RouterSettings(num_retries=0)
        )
        async with gateway(made) as it:
            async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0, timeout=20) as ai:
                yield mock, ai


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_chat_whole_and_streamed(backend):
    """The same words, reason and figures, from each backend in its own words; the prompt is no part of the answer."""
    asked = {"model": "m", "messages": TALK, "max_tokens": 9, "temperature": 0.5, "stop": ["zebra"], "seed": 7}
    async with house(backend, chat_template="chatml") as (mock, ai):
        whole = await ai.chat.completions.create(**asked)
        chunks = [chunk async for chunk in await ai.chat.completions.create(**asked, **USAGE)]
        paths = [entry.path for entry in mock.ledger.entries]
        prompt = mock.ledger.last.body["text_input"]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    text = whole.choices[0].message.content
    assert "".join(choice.delta.content or "" for choice in choices) == text
    assert text.startswith(f"[one/{BACKENDS[backend]}] ")
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["length"]
    assert whole.choices[0].finish_reason == "length"
    assert chunks[-1].usage.completion_tokens == 9
    if backend != "llmapi":  # which counts nothing, so that it is estimated
        assert chunks[-1].usage == whole.usage
    assert paths == [f"/v2/models/{BACKENDS[backend]}/{end}" for end in ("generate", "generate_stream")]
    assert prompt.startswith(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHow is the weather?<|im_end|>\n"
    )


async def test_who_uses_up_what_the_deployment_allows_did_not_end_by_himself():
    """Whole and streamed, though the caller said nothing of a limit."""
    async with house(max_tokens=5) as (_, ai):
        whole = await ai.chat.completions.create(model="m", messages=MESSAGES)
        stream = [chunk async for chunk in await ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)]
    assert whole.choices[0].finish_reason == stream[-1].choices[0].finish_reason == "length"


@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_text_completion_is_its_prompt(backend):
    """Whole and streamed; an answer may end by itself."""
    async with house(backend) as (mock, ai):
        whole = (await ai.completions.create(model="m", prompt="Once upon", max_tokens=100)).choices[0]
        stream = await ai.completions.create(model="m", prompt="Once upon", max_tokens=100, stream=True)
        choices = [chunk.choices[0] async for chunk in stream]
        assert {entry.body["text_input"] for entry in mock.ledger.entries} == {"Once upon"}
    assert "".join(choice.text for choice in choices) == whole.text != ""
    assert (choices[-1].finish_reason, whole.finish_reason) == ("stop", "stop")


async def test_embeddings_by_tensors():
    """As floats and packed."""
    async with house() as (mock, ai):
        packed = await ai.embeddings.create(model="m", input=["a b", "c d"])
        floats = await ai.embeddings.create(model="m", input=["a b", "c d"], encoding_format="float")
        assert mock.ledger.last.path == "/v2/models/ensemble/infer"
    assert [len(item.embedding) for item in packed.data] == [384, 384]
    assert packed.data[1].embedding == pytest.approx(floats.data[1].embedding, abs=1e-6)
    assert packed.usage.prompt_tokens > 0


async def test_an_answer_of_a_schema():
    """By TensorRT-LLM's guided decoding."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    async with house() as (_, ai):
        answer = await ai.chat.completions.create(model="m", messages=MESSAGES, response_format=form)
    assert answer.choices[0].message.content.startswith('{"city":')


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("says=context_length:variant=triton", openai.BadRequestError, "context_length_exceeded"),
        ("status=400", openai.BadRequestError, None),
        ("status=429:retry_after=7", openai.RateLimitError, "upstream_rate_limited"),
        ("status=503", openai.InternalServerError, "upstream_overloaded"),
        ("status=500", openai.InternalServerError, "upstream_error"),
        ("garbage", openai.InternalServerError, "upstream_invalid_response"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_errors_are_the_ones_a_user_expects(fault, error, code, stream):
    """By their class and code."""
    async with house() as (mock, ai):
        mock.faults.set(fault)
        with pytest.raises(error) as caught:
            await ai.chat.completions.create(model="m", messages=MESSAGES, stream=stream)
    assert caught.value.code == code


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_prompt_that_is_too_long_is_told_so(backend, stream):
    """Whether it is refused in a body or in what was to be a stream's first frame."""
    long = [{"role": "user", "content": "again " * 8000}]
    async with house(backend) as (_, ai):
        with pytest.raises(openai.BadRequestError, match="exceeds maximum input length") as caught:
            await ai.chat.completions.create(model="m", messages=long, stream=stream)
    assert caught.value.code == "context_length_exceeded"


async def test_what_can_t_be_asked_is_a_bad_request_that_names_the_field():
    """And nobody is asked."""
    async with house() as (mock, ai):
        for more, field in (({"n": 2}, "n"), ({"logprobs": True}, "logprobs"), ({"tools": [TOOL]}, "tools")):
            with pytest.raises(openai.BadRequestError, match=f"triton has no words for {field};") as caught:
                await ai.chat.completions.create(model="m", messages=MESSAGES, **more)
            assert caught.value.param == field
        image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]
        with pytest.raises(openai.BadRequestError, match="messages: content parts of type 'image_url'"):
            await ai.chat.completions.create(model="m", messages=image)
        assert mock.ledger.total == 0


@pytest.mark.parametrize(
    ("backend", "fault"), [("tensorrt_llm", "error_frame=3"), ("vllm", "cut=3"), ("llmapi", "cut=3")]
)
async def test_a_stream_that_fails_never_looks_complete(backend, fault):
    """Not where an error is told, and not where HTTP ends well but the backend has not said why."""
    async with house(backend) as (mock, ai):
        mock.faults.set(fault)
        stream = await ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        with pytest.raises(openai.APIError):
            assert [chunk.choices[0].finish_reason async for chunk in stream] == [None] * 4


async def test_a_caller_that_leaves_is_told_upstream():
    """The connection to Triton is closed at once, and its place given back."""
    async with MockProvider("triton", name="one", faults=["hang_after=3"]) as mock, gateway(over(mock)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(ask(stream=True))
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        entry = await asyncio.wait_for(mock.ledger.wait_for(lambda entry: entry.client_closed), 5)
        leases = sum(record.in_flight for record in it.runtime.board.records().values())
    assert (entry.client_closed, leases) == (True, 0)


async def test_a_server_that_is_not_ready_is_not_asked():
    """Its word for that is a 400, of itself or of one model."""
    for path, unload in ((None, False), ("/v2/models/ensemble/ready", True)):
        async with MockProvider("triton", name="one") as mock, MockProvider("openai", name="two") as other:
            check = HealthCheck(every=0.01, timeout=5.0, path=path)
            at = place(mock, check=check)
            first = member(mock)
            made = settings(type(first)("m@one", "m", at, "ensemble"), member(other))
            async with gateway(made) as it:
                if unload:
                    await send(mock.port, post("/v2/repository/models/ensemble/unload"))
                else:
                    mock.faults.set("loading")
                await mock.ledger.wait_for(lambda entry: entry.status == 400)
                seen = mock.ledger.total
                await mock.ledger.wait_for(lambda entry, seen=seen: entry.number > seen + 1)
                [reply] = await send(it.port, ask())
        assert reply.headers["x-pointsman-deployment"] == "m@two"


def post(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode()


async def test_litellms_addresses_are_served():
    """As its documentation writes them: an endpoint of a model, of a proxy, of tensors, of embeddings."""
    entries = {
        "chat": {"model": "triton/llama", "api_base": "http://box:8000/v2/models/ensemble/generate", "max_tokens": 9},
        "proxied": {"model": "triton/llama", "api_base": "http://box:8000/generate", "max_tokens": 9},
        "tensors": {"model": "triton/llama", "api_base": "http://box:8000/v2/models/llama/infer", "max_tokens": 9},
        "embed": {"model": "triton/e5", "api_base": "http://box:8000/triton/embeddings"},
    }
    listed = [{"model_name": name, "litellm_params": params} for name, params in entries.items()]
    loaded = load_mapping({"model_list": listed}, environ={})
    assert loaded.settings is not None, loaded.findings
    async with Simulation(loaded.settings) as it:
        async with openai.AsyncOpenAI(base_url=f"{it.url}/v1", api_key="sk-any", max_retries=0) as ai:
            for name in ("chat", "proxied", "tensors"):
                whole = await ai.chat.completions.create(model=name, messages=MESSAGES)
                stream = await ai.chat.completions.create(model=name, messages=MESSAGES, stream=True)
                deltas = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
                assert "".join(deltas) == whole.choices[0].message.content != ""
            assert len((await ai.embeddings.create(model="embed", input="a")).data) == 1
        paths = [entry.path for mock in it.providers.values() for entry in mock.ledger.entries]
    assert paths == [
        "/v2/models/ensemble/generate",
        "/v2/models/ensemble/generate_stream",
        "/generate",
        "/generate_stream",
        "/v2/models/llama/infer",
        "/v2/models/llama/infer",
        "/embeddings",
    ]
