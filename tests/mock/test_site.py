"""Listening and not: refuse, kill, restart; and what an unknown kind or option is told."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from pointsman.errors import ConfigurationError
from pointsman.testing import MockProvider

CHAT = "/v1/chat/completions"


async def reachable(provider):
    """Whether the port takes a connection and keeps it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
    except ConnectionRefusedError:
        return False
    writer.write(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
    try:
        return bool(await reader.read(1))
    except ConnectionResetError:
        return False
    finally:
        writer.close()


async def test_refuse_and_listen_again(provider):
    """Refusing closes the port, clearing it opens the same port at once."""
    port = provider.port
    provider.faults.set("refuse")
    refused = await reachable(provider)
    provider.faults.clear()
    assert (refused, await reachable(provider), provider.port) == (False, True, port)


async def test_refuse_changes_its_mind_often(provider):
    """Any number of changes within one turn of the loop end in the state of the last one."""
    for _ in range(5):
        provider.faults.set("refuse")
        provider.faults.clear()
    assert await reachable(provider)
    provider.faults.clear()
    provider.faults.set("refuse")
    assert not await reachable(provider)


async def test_refuse_for_a_while(provider):
    """A refuse=MS takes itself back and leaves the other faults in force."""
    provider.faults.set("refuse=1", "status=503")
    changed = asyncio.Event()
    before, provider.faults.on_change = provider.faults.on_change, changed.set
    await changed.wait()
    before()
    assert await reachable(provider)
    assert [str(fault) for fault in provider.faults] == ["status=503"]


async def test_refuse_lets_answers_finish(provider, connect, hello):
    """An idle connection is closed by refuse; one with an answer under way is closed after it."""
    idle, busy = await connect(provider), await connect(provider)
    await idle.send("GET", "/v1/models")
    await idle.answer()
    provider.faults.set("slow_headers=5")
    await busy.send("POST", CHAT, hello("gpt-4o"))
    await provider.ledger.wait_for(lambda entry: entry.path == CHAT)
    provider.faults.set("refuse")
    answer = await busy.answer()
    assert (await idle.ending(), answer.complete, await busy.ending()) == ("closed", True, "closed")


async def test_a_provider_may_start_refusing(ask):
    """A refuse among the options refuses from the start and can be taken back."""
    async with MockProvider(faults=["refuse"]) as provider:
        before = await reachable(provider)
        provider.faults.clear()
        assert (before, await reachable(provider)) == (False, True)


async def test_a_killed_provider_is_gone(provider, connect, hello):
    """A kill resets the connections, ends the entries without blaming the client, and the port refuses."""
    provider.faults.set("hang_after=2")
    raw = await connect(provider)
    await raw.send("POST", CHAT, hello("gpt-4o", stream=True))
    await provider.ledger.wait_for(lambda entry: entry.tokens_sent == 2)
    provider.kill()
    answer = await raw.answer()
    entry = provider.ledger.last
    assert (answer.end, answer.complete, entry.client_closed, entry.finished) == (
        "reset",
        False,
        False,
        False,
    )
    assert (await reachable(provider), provider.ledger.in_flight) == (False, 0)


async def test_a_killed_provider_can_come_back(provider, ask, hello):
    """A start after kill serves on the same port and goes on with the same ledger."""
    port = provider.port
    provider.kill()
    await provider.start()
    answer = await ask(provider, "POST", CHAT, hello("gpt-4o"))
    assert (answer.status, provider.port, provider.ledger.total) == (200, port, 1)


async def test_kill_while_it_opens_again(provider):
    """A kill right after the port opened again leaves nothing listening."""
    provider.faults.set("refuse")
    provider.faults.clear()
    provider.kill()
    assert not await reachable(provider)


async def test_close_ends_every_connection(connect, hello):
    """A close waits until no connection is left, whatever they were doing."""
    provider = MockProvider(faults=["hang"])
    await provider.start()
    for _ in range(3):
        raw = await connect(provider)
        await raw.send("POST", CHAT, hello("gpt-4o"))
    await provider.ledger.wait_for(lambda entry: entry.number == 3)
    await provider.close()
    assert (provider.connections, provider.ledger.in_flight) == (0, 0)


async def test_two_providers_are_told_apart(ask, hello):
    """Providers with different names give different answers to the same request."""
    async with MockProvider(name="a") as one, MockProvider(name="b") as two:
        texts = [
            (await ask(provider, "POST", CHAT, hello("gpt-4o"))).json()["choices"][0]["message"]["content"]
            for provider in (one, two)
        ]
    assert [text[:4] for text in texts] == ["[a/g", "[b/g"]


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/api/chat"])
async def test_one_voice_says_the_same(ask, hello, path):
    """Providers with a voice in common say the same words whatever they are called; the voice stands in them."""
    kind = "ollama" if path == "/api/chat" else "vllm"
    body = {"model": "m", "prompt": "x", "stream": False, **hello("m")}
    async with (
        MockProvider(kind, name="a", voice="v", models=["m"]) as one,
        MockProvider(kind, name="b", voice="v", models=["m"]) as two,
    ):
        texts = [(await ask(provider, "POST", path, body)).body for provider in (one, two)]
    said = [text[text.index(b"[v/m]") :].partition(b'"')[0] for text in texts]
    assert said[0] == said[1] > b"[v/m] "


@pytest.mark.parametrize(
    ("kind", "options", "error", "told"),
    [
        ("opneai", {}, ConfigurationError, "did you mean `openai`"),
        ("openai", {"faults": ["hnag"]}, ConfigurationError, "did you mean `hang`"),
        ("openai", {"latency": 3}, msgspec.ValidationError, "latency"),
    ],
)
def test_wrong_options_are_told(kind, options, error, told):
    """An unknown kind, fault or option is an error that names it."""
    with pytest.raises(error, match=told):
        MockProvider(kind, **options)


def test_a_key_is_not_in_any_repr():
    """Neither the provider nor its options print the key."""
    provider = MockProvider(api_key="sk-secret")
    assert "secret" not in repr(provider) + repr(provider._site.options)
