"""Trouble that is over, or that is one caller's own, costs nobody else an answer."""

from __future__ import annotations

import asyncio
import functools

import openai
import pytest

from asks import TOO_LONG, chat, is_whole
from line import MODEL
from processes import eventually

OFTEN = 12  # more than any sensible count of failures in a row
WORKERS = 6


@pytest.mark.parametrize(
    "choke",
    [
        pytest.param({"extra_body": {"top_k": "many"}}, id="a field of the wrong type"),
        pytest.param({"messages": TOO_LONG, "stream": True}, id="a stream beyond the context"),
    ],
)
def test_one_callers_bad_requests(client, own_line, choke):
    """However often one caller sends what the real servers choke on, both go on serving the others."""
    for _ in range(OFTEN):
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(**chat(4) | choke))
    answers = [client.chat.completions.create(**chat(8)) for _ in range(4)]
    assert all(is_whole(answer, 8) for answer in answers)


def test_embeddings_of_a_chat_model(client, own_line):
    """Asking a chat model for embeddings, which it has not got, does not take the chat away."""
    for _ in range(OFTEN):
        with pytest.raises(openai.APIStatusError):
            client.embeddings.create(model=MODEL, input="a siding")
    answers = [client.chat.completions.create(**chat(8)) for _ in range(4)]
    assert all(is_whole(answer, 8) for answer in answers)


async def test_servers_restarted_in_turn(aclient, own_line):
    """Under load each server dies and comes back, the second when the first serves again: no request is lost."""
    answered = []
    over = asyncio.Event()

    async def work():
        while not over.is_set():
            answered.append(await aclient.chat.completions.create(**chat(60)))

    async def restart():
        try:
            for name, server in own_line.servers.items():
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                trusted = functools.partial(own_line.trusts, name)
                await asyncio.to_thread(eventually, trusted, lambda: "it is never asked again")
        finally:
            over.set()

    await asyncio.gather(restart(), *(work() for _ in range(WORKERS)))
    assert len(answered) > WORKERS
    assert all(is_whole(answer, 60) for answer in answered)
