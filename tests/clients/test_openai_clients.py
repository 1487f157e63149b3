"""Clients of OpenAI's protocol, unchanged, against the gateway over every kind of provider."""

from __future__ import annotations

import base64
import json

import pytest

from support.clients import house_of
from support.programs import ClientFailed

KINDS = ["openai", "vllm", "ollama", "anthropic"]
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
PICTURES = [PIXEL, "https://example.com/cat.png"]


@pytest.fixture(params=KINDS)
async def house(request, client):
    async with house_of(client, request.param) as it:
        yield it


def parsed(value):
    return json.loads(value) if isinstance(value, str) else value


async def test_a_chat_whole_and_streamed(house):
    """The same words, the reason of their end, and what they took."""
    whole = await house.do("chat")
    streamed = await house.do("stream")
    text, finish, asked, said = whole
    assert (len(text.split()), finish, said) == (6, "length", 6)
    assert asked > 0
    assert streamed == whole


async def test_a_conversation_with_tools(house):
    """Two functions are called in one answer, and what they told is answered in words."""
    calls, last = await house.do("tools", text="get_rain and get_sun")
    assert [name for name, _ in calls] == ["get_rain", "get_sun"]
    assert [parsed(arguments) for _, arguments in calls] == [{"city": "one-0", "days": 1}] * 2
    assert last.startswith("[one/")


async def test_streamed_calls_are_put_together(house):
    """By the client, from pieces."""
    calls, pieces = await house.do("stream_tools", text="get_rain and get_sun")
    whole, _ = await house.do("tools", text="get_rain and get_sun")
    assert [[name, parsed(arguments)] for name, arguments in calls] == [[n, parsed(a)] for n, a in whole]
    assert pieces >= 2


async def test_an_answer_that_fits_a_schema(house):
    """JSON, as the schema wants it."""
    answer = parsed(await house.do("schema"))
    assert set(answer) == {"city", "days"}
    assert type(answer["days"]) is int
    assert answer["city"].startswith("[one/")


async def test_pictures_are_passed_on(house):
    """As data and as an address. What can't be said to a provider is refused by name."""
    plain = (await house.do("chat"))[2]
    if house.mock.kind == "ollama":
        with pytest.raises(ClientFailed, match="images as base64 data") as refused:
            await house.do("pictures", pictures=PICTURES)
        assert "BadRequestError" in refused.value.kinds
        assert await house.do("pictures", pictures=PICTURES[:1]) - plain >= 85
        return
    assert await house.do("pictures", pictures=PICTURES) - plain >= 2 * 85


@pytest.mark.parametrize("kind", ["openai", "vllm", "ollama"])
async def test_embeddings(client, kind):
    """A vector for each text, in their order."""
    async with house_of(client, kind) as house:
        vectors = await house.do("embeddings", texts=["a signal", "a train"])
        first, second = [(await house.do("embeddings", texts=[text]))[0] for text in ("a signal", "a train")]
    assert vectors[0] == pytest.approx(first, abs=1e-6)
    assert vectors[1] == pytest.approx(second, abs=1e-6)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-6)


@pytest.mark.parametrize("client", ["openai", "openai-node", "langchain", "litellm"], indirect=True)
async def test_who_leaves_a_stream_ends_the_work(client):
    """The provider, which would be silent for ever, sees the connection close. LlamaIndex has no way to leave."""
    async with house_of(client, "openai", faults=["hang_after=3"]) as house:
        assert (await house.do("leave")).startswith("[one/")
        entry = await house.mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert not entry.finished


@pytest.fixture
async def openai_behind(client):
    async with house_of(client, "openai") as it:
        yield it


@pytest.mark.parametrize(
    ("told", "fault", "kind", "status"),
    [
        ({"key": "sk-wrong"}, None, "AuthenticationError", 401),
        ({"model": "nobody"}, None, "NotFoundError", 404),
        ({}, "status=429:retry_after=7", "RateLimitError", 429),
        ({}, "status=500", "APIError", 502),
        ({}, "says=context_length", "BadRequestError", 400),
    ],
)
@pytest.mark.parametrize("deed", ["chat", "stream"])
async def test_errors_are_the_clients_own(openai_behind, deed, told, fault, kind, status):
    """Before a stream begins, too."""
    if fault is not None:
        openai_behind.mock.faults.set(fault)
    with pytest.raises(ClientFailed) as failed:
        await openai_behind.do(deed, **told)
    assert kind in failed.value.kinds
    assert failed.value.status == status


@pytest.mark.parametrize("client", ["openai", "openai-node"], indirect=True)
async def test_responses(house):
    """Calls whole and streamed, and an answer in words."""
    whole, streamed, text = await house.do("respond", text="get_rain and get_sun")
    assert [name for name, _ in whole] == ["get_rain", "get_sun"]
    assert streamed == whole
    assert text.startswith("[one/")


@pytest.mark.parametrize("client", ["openai", "openai-node"], indirect=True)
async def test_models_are_listed(openai_behind):
    """Public names."""
    assert await openai_behind.do("models") == ["m"]
