"""A client that goes away: the real server hears of it, nothing stays in flight, everybody else is served."""

from __future__ import annotations

import asyncio

import pytest

from asks import ENDLESS, chat, is_whole
from line import MODEL, direct
from processes import eventually

GONE = "Disconnected from client"  # what the model server prints when a stream's reader has left
ANSWERED = '"POST /v1/chat/completions HTTP/1.1" 200'


def test_hang_up_in_a_stream(client, line):
    """When the client leaves a stream the server that spoke is told, and it serves the next one."""
    raw = client.chat.completions.with_raw_response.create(**chat(ENDLESS, stream=True))
    server = line.servers[raw.headers["x-pointsman-deployment"]]
    before = server.said().count(GONE)
    stream = raw.parse()
    next(stream)
    assert line.in_flight() == 1
    stream.close()
    line.settles()
    eventually(lambda: server.said().count(GONE) > before, lambda: f"{server!r} never heard of it")
    with direct(server) as itself:
        assert is_whole(itself.chat.completions.create(**chat(8)), 8)


async def test_hang_up_before_an_answer(aclient, line):
    """When the client leaves before a unary answer its lease is given back though the server works on."""
    before = {name: server.said().count(ANSWERED) for name, server in line.servers.items()}
    asked = asyncio.create_task(aclient.chat.completions.create(**chat(ENDLESS)))
    await asyncio.to_thread(eventually, lambda: line.in_flight() == 1, lambda: "never in flight")
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.to_thread(line.settles)
    assert {name: server.said().count(ANSWERED) for name, server in line.servers.items()} == before


async def test_many_hang_ups(aclient, line):
    """After many clients have left at different moments nothing is in flight and new requests are served."""

    async def leave(after):
        stream = await aclient.chat.completions.create(**chat(ENDLESS, stream=True))
        async for _ in stream:
            after -= 1
            if not after:
                break
        await stream.close()

    await asyncio.gather(*(leave(after) for after in (1, 2, 3, 10, 30, 100)))
    await asyncio.to_thread(line.settles)
    answers = [await aclient.chat.completions.create(**chat(8)) for _ in range(4)]
    assert all(is_whole(answer, 8) for answer in answers)


def test_hang_up_in_a_completion_stream(client, line):
    """Text completions are no different."""
    stream = client.completions.create(model=MODEL, prompt="Clear", max_tokens=ENDLESS, stream=True)
    next(stream)
    stream.close()
    line.settles()
