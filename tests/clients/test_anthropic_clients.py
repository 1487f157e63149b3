"""Anthropic's clients, unchanged, against the gateway over every kind of provider."""

from __future__ import annotations

import base64

import pytest

from support.clients import house_of
from support.programs import ClientFailed

KINDS = ["anthropic", "openai", "vllm", "ollama"]
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()


@pytest.fixture(params=["anthropic", "anthropic-node"])
def client(request, programs):
    """The packages for Python, its synchronous client here, and for Node."""
    return programs[request.param]


@pytest.fixture(params=KINDS)
async def house(request, client):
    async with house_of(client, request.param) as it:
        yield it


async def test_a_message_whole_and_streamed(house):
    """The same words, the reason of their end, and what they took."""
    whole = await house.do("chat")
    streamed = await house.do("stream")
    text, reason, asked, said = whole
    assert (len(text.split()), reason, said) == (6, "max_tokens", 6)
    assert asked > 0
    assert streamed == whole


async def test_a_conversation_with_tools(house):
    """Two are used in one answer, and what they told is answered in words."""
    calls, last = await house.do("tools", text="get_rain and get_sun")
    assert calls == [[name, {"city": "one-0", "days": 1}] for name in ("get_rain", "get_sun")]
    assert last.startswith("[one/")


async def test_streamed_calls_are_put_together(house):
    """By the client, from pieces."""
    calls, pieces = await house.do("stream_tools", text="get_rain and get_sun")
    assert calls == [[name, {"city": "one-0", "days": 1}] for name in ("get_rain", "get_sun")]
    assert pieces >= 2


async def test_pictures_are_passed_on(house):
    """As data, and as an address where the provider takes one."""
    plain = (await house.do("chat"))[2]
    url = None if house.mock.kind == "ollama" else "https://example.com/cat.png"
    assert await house.do("pictures", pictures=[PIXEL, url]) - plain >= 85 * (2 if url else 1)


async def test_tokens_are_counted(house):
    """By the provider, or as a guess."""
    assert await house.do("count") > 0


async def test_models_are_listed(client):
    """Public names."""
    async with house_of(client, "openai") as house:
        assert await house.do("models") == ["m"]


@pytest.mark.parametrize("kind", ["anthropic", "openai"])
async def test_who_leaves_a_stream_ends_the_work(client, kind):
    """The provider, which would be silent for ever, sees the connection close."""
    async with house_of(client, kind, faults=["hang_after=3"]) as house:
        assert (await house.do("leave")).startswith("[one/")
        entry = await house.mock.ledger.wait_for(lambda entry: entry.client_closed)
    assert not entry.finished


@pytest.mark.parametrize(
    ("told", "fault", "error", "status"),
    [
        ({"key": "sk-wrong"}, None, "AuthenticationError", 401),
        ({"model": "nobody"}, None, "NotFoundError", 404),
        ({}, "status=429:retry_after=7", "RateLimitError", 429),
        ({}, "status=500", "InternalServerError", 502),
        ({}, "says=context_length", "BadRequestError", 400),
    ],
)
@pytest.mark.parametrize("deed", ["chat", "stream"])
async def test_errors_are_the_clients_own(client, deed, told, fault, error, status):
    """Before a stream begins, too."""
    async with house_of(client, "openai") as house:
        if fault is not None:
            house.mock.faults.set(fault)
        with pytest.raises(ClientFailed) as failed:
            await house.do(deed, **told)
    assert error in failed.value.kinds
    assert failed.value.status == status
