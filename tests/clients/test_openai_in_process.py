"""The official ``openai`` package in the gateway's own loop: its asynchronous client, and what headers say."""

from __future__ import annotations

import asyncio

import openai
import pytest

from pointsman.config.settings import ServerSettings
from pointsman.fakes import settings
from pointsman.model.secret import Secret
from pointsman.testing import MockProvider
from support.fleet import KINDS, member, over
from support.serving import gateway

KEY = "sk-a-long-and-random-one"
MESSAGES = [{"role": "user", "content": "Say something"}]


def client(url: str, key: str = KEY) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)


@pytest.fixture(params=list(KINDS))
async def kind(request):
    return request.param


async def test_a_chat_completion(kind):
    """A whole answer with usage, and the headers say who gave it."""
    async with MockProvider(kind, name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        raw = await ai.chat.completions.with_raw_response.create(model="m", messages=MESSAGES, max_tokens=6)
        answer = raw.parse()
        entry = mock.ledger.last
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert raw.headers["x-pointsman-deployment"] == "m@one"
    assert raw.headers["x-pointsman-provider"] == "one"
    assert raw.headers["x-pointsman-model"] == entry.model
    assert raw.headers["x-pointsman-route"] == "exact"
    assert raw.headers["x-pointsman-attempts"] == "1"
    assert raw.headers["x-pointsman-fallbacks"] == "0"


async def test_a_stream_says_the_same_as_the_whole_answer(kind):
    """Chunks joined are the text of the unary answer; the stream ends with a finish reason and [DONE]."""
    async with MockProvider(kind, name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        whole = await ai.chat.completions.create(model="m", messages=MESSAGES, max_tokens=6)
        chunks = [
            chunk
            async for chunk in await ai.chat.completions.create(
                model="m", messages=MESSAGES, max_tokens=6, stream=True, stream_options={"include_usage": True}
            )
        ]
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert said == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


async def test_a_text_completion(kind):
    """The older question, whole and streamed."""
    async with MockProvider(kind, name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        whole = await ai.completions.create(model="m", prompt="Once upon", max_tokens=5)
        stream = await ai.completions.create(model="m", prompt="Once upon", max_tokens=5, stream=True)
        said = "".join([c.choices[0].text async for c in stream if c.choices])
    assert whole.choices[0].text == said != ""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"anthropic", "bedrock"}])
async def test_embeddings(kind):
    """Vectors of one length, one for each text; the client asks for base64 by itself."""
    async with MockProvider(kind, name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        packed = await ai.embeddings.create(model="m", input=["a", "b"])
        plain = await ai.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert len(packed.data) == 2
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert packed.data[0].embedding != packed.data[1].embedding


async def test_models_are_listed_and_found():
    """Public names only."""
    async with MockProvider("openai", name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        assert [model.id async for model in ai.models.list()] == ["m"]
        assert (await ai.models.retrieve("m")).id == "m"
        with pytest.raises(openai.NotFoundError):
            await ai.models.retrieve("nobody")


async def test_the_error_classes_are_the_ones_a_user_expects():
    """401, 404, 400, 429, 5xx become the client's own exceptions."""
    async with MockProvider("openai", name="one") as mock:
        made = settings(member(mock), server=ServerSettings(master_key=Secret(KEY)))
        async with gateway(made) as it:
            async with client(it.url, "sk-wrong") as ai:
                with pytest.raises(openai.AuthenticationError):
                    await ai.chat.completions.create(model="m", messages=MESSAGES)
            async with client(it.url) as ai:
                with pytest.raises(openai.NotFoundError):
                    await ai.chat.completions.create(model="nobody", messages=MESSAGES)
                with pytest.raises(openai.BadRequestError):
                    await ai.chat.completions.create(model="m", messages="hello")
                mock.faults.set("status=429:retry_after=7")
                with pytest.raises(openai.RateLimitError) as limited:
                    await ai.chat.completions.create(model="m", messages=MESSAGES)
            assert 1 <= int(limited.value.response.headers["retry-after"]) <= 7


async def test_an_upstream_that_fails_is_a_server_error_that_names_the_deployment():
    """502 with the deployment's public name, and neither address nor key."""
    async with (
        MockProvider("openai", name="one", faults=["garbage"]) as mock,
        gateway(over(mock)) as it,
        client(it.url) as ai,
    ):
        with pytest.raises(openai.InternalServerError) as failed:
            await ai.chat.completions.create(model="m", messages=MESSAGES, extra_body={"num_retries": 0})
    assert failed.value.status_code == 502
    assert "m@one" in failed.value.message
    assert str(mock.port) not in failed.value.message


def test_the_sync_client_works_too():
    """Blocking calls and streams from a thread."""

    def ask(url: str) -> tuple[str, str]:
        with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=20) as ai:
            whole = ai.chat.completions.create(model="m", messages=MESSAGES, max_tokens=4)
            stream = ai.chat.completions.create(model="m", messages=MESSAGES, max_tokens=4, stream=True)
            return whole.choices[0].message.content, "".join(c.choices[0].delta.content or "" for c in stream)

    async def run() -> tuple[str, str]:
        async with MockProvider("openai", name="one") as mock, gateway(over(mock)) as it:
            return await asyncio.to_thread(ask, it.url)

    whole, streamed = asyncio.run(run())
    assert whole == streamed != ""


async def test_tools_and_unknown_fields_reach_an_openai_upstream_untouched():
    """What Pointsman does not know it passes on."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    async with MockProvider("openai", name="one") as mock, gateway(over(mock)) as it, client(it.url) as ai:
        answer = await ai.chat.completions.create(
            model="m", messages=MESSAGES, tools=[tool], tool_choice="required", extra_body={"odd": {"deep": [1, 2.50]}}
        )
        body = mock.ledger.last.body
    assert answer.choices[0].message.tool_calls[0].function.name == "f"
    assert (body["tools"], body["odd"]) == ([tool], {"deep": [1, 2.5]})
