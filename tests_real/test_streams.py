"""Streams through the gateway from real servers."""

from __future__ import annotations

import asyncio

from asks import ENDLESS, chat, ending, spoken
from line import MODEL


def test_chat_stream(client, line):
    """The pieces of a stream make up the answer that the same request gets in one piece."""
    whole = client.chat.completions.create(**chat(16)).choices[0].message.content
    chunks = list(client.chat.completions.create(**chat(16, stream=True)))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert spoken(chunks) == whole
    assert ending(chunks) == "length"


def test_completion_stream(client, line):
    """A text completion streams as well."""
    asked = {"model": MODEL, "prompt": "Clear ahead", "max_tokens": 16, "temperature": 0}
    whole = client.completions.create(**asked).choices[0].text
    chunks = list(client.completions.create(**asked, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "length"


def test_stream_comes_in_pieces(client, line):
    """The first words arrive while the model server is still at work on the rest."""
    with client.chat.completions.create(**chat(ENDLESS, stream=True)) as stream:
        heard = spoken([next(stream), next(stream)])
        under_way = line.in_flight()
        rest = list(stream)
    assert heard
    assert under_way == 1
    assert len(heard + spoken(rest)) == ENDLESS


async def test_streams_side_by_side(aclient, line):
    """Several streams at once, more than there are servers, are each delivered whole."""

    async def listen():
        stream = await aclient.chat.completions.create(**chat(60, stream=True))
        return [chunk async for chunk in stream]

    heard = await asyncio.gather(*(listen() for _ in range(6)))
    assert [len(spoken(chunks)) for chunks in heard] == [60] * 6
    assert {ending(chunks) for chunks in heard} == {"length"}
