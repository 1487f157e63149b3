"""Clients of Ollama's API, unchanged, against the gateway over every kind of provider."""

from __future__ import annotations

import base64
import json

import pytest

from support.clients import house_of
from support.programs import ClientFailed

KINDS = ["ollama", "openai", "vllm", "anthropic"]
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()


@pytest.fixture(params=["ollama-node", "langchain-ollama"])
def client(request, programs):
    """Every client of Ollama's API but the package for Python, which tests/gateway/test_ollama_front.py has."""
    return programs[request.param]


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
    assert calls == [[name, {"city": "one-0", "days": 1}] for name in ("get_rain", "get_sun")]
    assert last.startswith("[one/")


async def test_an_answer_that_fits_a_schema(house):
    """JSON, as the schema wants it."""
    answer = parsed(await house.do("schema"))
    assert set(answer) == {"city", "days"}
    assert type(answer["days"]) is int


async def test_a_picture_is_passed_on(house):
    """As data."""
    plain = (await house.do("chat"))[2]
    assert await house.do("picture", picture=PIXEL) - plain >= 85


@pytest.mark.parametrize("kind", ["ollama", "openai", "vllm"])
async def test_embeddings(client, kind):
    """A vector for each text, in their order."""
    async with house_of(client, kind) as house:
        vectors = await house.do("embeddings", texts=["a signal", "a train"])
        first, second = [(await house.do("embeddings", texts=[text]))[0] for text in ("a signal", "a train")]
    assert vectors == [first, second]
    assert first != second


@pytest.mark.parametrize("kind", ["ollama", "openai"])
async def test_who_leaves_a_stream_ends_the_work(client, kind):
    """The provider, which would be silent for ever, sees the connection close."""
    async with house_of(client, kind, faults=["hang_after=3"]) as house:
        assert (await house.do("leave")).startswith("[one/")
        entry = await house.mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert not entry.finished


@pytest.mark.parametrize(
    ("told", "fault", "status"),
    [
        ({"key": "sk-wrong"}, None, 401),
        ({"model": "nobody"}, None, 404),
        ({}, "status=429:retry_after=7", 429),
        ({}, "status=500", 502),
        ({}, "says=context_length", 400),
    ],
)
@pytest.mark.parametrize("deed", ["chat", "stream"])
async def test_errors_are_the_clients_own(client, deed, told, fault, status):
    """Before a stream begins, too."""
    async with house_of(client, "openai", faults=[fault] if fault else []) as house:
        with pytest.raises(ClientFailed) as failed:
            await house.do(deed, **told)
    assert "ResponseError" in failed.value.kinds
    assert failed.value.status == status


async def test_models_are_listed(programs):
    """Public names."""
    async with house_of(programs["ollama-node"], "openai") as house:
        assert await house.do("models") == ["m"]
