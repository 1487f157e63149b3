"""Azure's own: paths with a deployment and a version, the key's header, and what its filter says."""

from __future__ import annotations

import msgspec
import openai
import pytest

from pointsman.testing import MockProvider

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def azure():
    async with MockProvider("azure", name="west", models=["my-gpt"], api_key="sk-hush") as started:
        yield started


def client(mock: MockProvider, key: str = "sk-hush", version: str = "2024-10-21") -> openai.AsyncAzureOpenAI:
    return openai.AsyncAzureOpenAI(azure_endpoint=mock.base_url, api_key=key, api_version=version, max_retries=0)


async def test_azure_s_own_client_is_served(azure):
    """It asks below the deployment, with a version, and sends its key as Azure wants it."""
    async with client(azure) as it:
        answer = await it.chat.completions.create(model="my-gpt", messages=MESSAGES)
    entry = azure.ledger.last
    assert answer.choices[0].message.content.startswith("[west/my-gpt]")
    assert (entry.path, entry.key_matched) == ("/openai/deployments/my-gpt/chat/completions", True)
    assert answer.model_extra["prompt_filter_results"][0]["prompt_index"] == 0


async def test_a_stream_begins_with_what_the_filter_says_of_the_prompt(azure):
    """In a chunk without choices; every later one says it of what it tells."""
    async with client(azure) as it:
        stream = await it.chat.completions.create(model="my-gpt", messages=MESSAGES, stream=True)
        chunks = [chunk async for chunk in stream]
    assert chunks[0].choices == []
    assert "prompt_filter_results" in chunks[0].model_extra
    assert all("content_filter_results" in chunk.choices[0].model_extra for chunk in chunks[1:])


@pytest.mark.parametrize(
    ("key", "model", "version", "error", "code"),
    [
        ("sk-wrong", "my-gpt", "2024-10-21", openai.AuthenticationError, "401"),
        ("sk-hush", "other", "2024-10-21", openai.NotFoundError, "DeploymentNotFound"),
        ("sk-hush", "my-gpt", "", openai.NotFoundError, "404"),
    ],
)
async def test_it_says_no_in_its_own_words(azure, key, model, version, error, code):
    """To a wrong key, for a deployment that there is not, without a version."""
    async with client(azure, key, version) as it:
        with pytest.raises(error) as caught:
            await it.chat.completions.create(model=model, messages=MESSAGES)
    assert caught.value.code == code


async def test_the_api_without_versions_takes_the_model_from_the_body(azure):
    """And no key but in its own header."""
    headers = {"api-key": "sk-hush"}
    base = f"{azure.base_url}/openai/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="sk-hush", default_headers=headers, max_retries=0) as it:
        answer = await it.chat.completions.create(model="my-gpt", messages=MESSAGES)
    async with openai.AsyncOpenAI(base_url=base, api_key="sk-hush", max_retries=0) as it:
        with pytest.raises(openai.AuthenticationError):
            await it.chat.completions.create(model="my-gpt", messages=MESSAGES)
    assert msgspec.json.decode(answer.model_dump_json())["model"] == "my-gpt"
